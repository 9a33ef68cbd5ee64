// The parts of Duplex, each by itself, beside the platform's equal where there is one. For the whole, over real connections, see bench/Duplex.EndToEnd.
//
//     dotnet run -c Release --project bench/Duplex.Benchmarks -- --filter '*'                       all of them (about half an hour)
//     … -- --filter '*FrameReading*' | --list flat                                                  some | what there is
//     … -- --filter '*' --job Short                                                                 rough figures
//     … -- --filter '*' --job Dry --inProcess                                                       only whether all of them run
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

// The builds of the processes that it measures in share the machine with whatever else there is: far more than they need.
ManualConfig config = ManualConfig.Create(DefaultConfig.Instance).WithBuildTimeout(TimeSpan.FromMinutes(10));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
