using Csmr.Services.Counter;
using Csmr.Services.KeyValue;
using Csmr.Services.Locks;
using Csmr.Services.Prng;
using Csmr.Services.Queues;
using Csmr.Services.RecordLog;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

public sealed class LockContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new LockMachineType();
}

public sealed class LockWithDefaultLeaseContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new LockMachineType();

    protected override (string Name, Value Value)[] Settings => [("leaseSecondsDefault", Value.Of(1))];
}

public sealed class KvContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new KvMachineType();
}

public sealed class KvOfSmallValuesContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new KvMachineType();

    protected override (string Name, Value Value)[] Settings => [("valueBytesMax", Value.Of(4))];
}

public sealed class RecordLogContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new RecordLogMachineType();
}

public sealed class CounterContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new CounterMachineType();
}

public sealed class PrngContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new PrngMachineType();
}

public sealed class QueueContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new QueueMachineType();
}

public sealed class QueueOfShortLivesContractTests : StateMachineContract
{
    protected override IStateMachineType Machine => new QueueMachineType();

    protected override (string Name, Value Value)[] Settings =>
        [("leaseSecondsDefault", Value.Of(1)), ("attemptsMax", Value.Of(2)), ("jobsMax", Value.Of(3)), ("deadMax", Value.Of(2)), ("bodyBytesMax", Value.Of(4))];
}
