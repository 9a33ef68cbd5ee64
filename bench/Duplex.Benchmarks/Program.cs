// Benchmarks the parts of Duplex, with the platform's counterpart as baseline where there is one. bench/Duplex.EndToEnd
// measures the whole over real connections.
//
//     dotnet run -c Release --project bench/Duplex.Benchmarks -- --filter '*'     runs all (about half an hour)
//     … -- --filter '*FrameReading*' | --list flat                                runs some | lists them
//     … -- --filter '*' --job Short                                               rough figures
//     … -- --filter '*' --job Dry --inProcess                                     checks that all run
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

// Generous: the builds of the measured processes share the machine with other programs.
ManualConfig config = ManualConfig.Create(DefaultConfig.Instance).WithBuildTimeout(TimeSpan.FromMinutes(10));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
