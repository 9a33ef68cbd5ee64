using Xunit.Sdk;
using Xunit.v3;

// Virtual time waits for all work of the process, so tests in parallel would slow each other down.
[assembly: Parallelization(Mode = ParallelMode.None)]
