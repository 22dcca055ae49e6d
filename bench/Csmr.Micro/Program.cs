using BenchmarkDotNet.Running;

// In this process: what BenchmarkDotNet builds otherwise would have to refer to every project by itself, as all projects here must.
BenchmarkSwitcher.FromAssembly(typeof(Csmr.Micro.CoreBenchmarks).Assembly).Run([.. args, "--inProcess"]);
