using Csmr.Gateway.Hosting;
using Csmr.Gateway.Problems;

namespace Csmr.Gateway.Invocations;

/// <summary>What the headers of a call say, checked, and the query string beside them.</summary>
internal readonly struct CallHeaders
{
    /// <summary>The query string's way to say <see cref="HeaderNames.Explain"/>.</summary>
    public const string ExplainQuery = "explain";

    public string? IdempotencyKey { get; private init; }

    public string? Session { get; private init; }

    public long Sequence { get; private init; }

    public long AcknowledgedBelow { get; private init; }

    public long ExpiresAtMs { get; private init; }

    public int TimeoutMs { get; private init; }

    public bool IsExplained { get; private init; }

    /// <summary>Reads and checks the headers.</summary>
    /// <returns>False where one of them is wrong.</returns>
    public static bool TryRead(HttpRequest request, RestOptions options, out CallHeaders headers, out Problem problem)
    {
        var reader = new HeaderReader(request.Headers);
        headers = new CallHeaders
        {
            IdempotencyKey = reader.Key(HeaderNames.IdempotencyKey),
            Session = reader.Session(HeaderNames.Session),
            Sequence = reader.Number(HeaderNames.Sequence, long.MaxValue),
            AcknowledgedBelow = reader.Number(HeaderNames.AcknowledgedBelow, long.MaxValue),
            ExpiresAtMs = reader.Number(HeaderNames.ExpiresAtMs, long.MaxValue),
            TimeoutMs = (int)reader.Number(HeaderNames.TimeoutMs, options.TimeoutMsMax),
            IsExplained = reader.Truth(HeaderNames.Explain, request.Headers[HeaderNames.Explain]) | reader.Truth(ExplainQuery, request.Query[ExplainQuery]),
        };
        if (reader.Problem is null)
        {
            headers.CheckTogether(ref reader);
        }

        problem = reader.Problem.GetValueOrDefault();
        return reader.Problem is null;
    }

    private void CheckTogether(ref HeaderReader reader)
    {
        if (Session is null != (Sequence == 0))
        {
            var missing = Session is null ? HeaderNames.Session : HeaderNames.Sequence;
            reader.Fail(missing, $"{HeaderNames.Session} and {HeaderNames.Sequence} go together: {missing} is missing.");
        }
        else if (Session is not null && IdempotencyKey is not null)
        {
            reader.Fail(HeaderNames.IdempotencyKey, $"Give {HeaderNames.IdempotencyKey} or {HeaderNames.Session}, not both.");
        }
        else if (AcknowledgedBelow > 0 && Session is null)
        {
            reader.Fail(HeaderNames.AcknowledgedBelow, $"{HeaderNames.AcknowledgedBelow} needs {HeaderNames.Session}.");
        }
        else if (AcknowledgedBelow > Sequence)
        {
            reader.Fail(HeaderNames.AcknowledgedBelow, $"{HeaderNames.AcknowledgedBelow} must not be above {HeaderNames.Sequence}.");
        }
    }
}
