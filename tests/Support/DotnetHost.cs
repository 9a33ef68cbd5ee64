using System.Runtime.InteropServices;

namespace Duplex.Tests;

/// <summary>The program that runs these tests, for child processes: it need not be on PATH.</summary>
internal static class DotnetHost
{
    // <root>/shared/Microsoft.NETCore.App/<version>/ is the runtime's folder.
    public static string Root { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    public static string Path { get; } = System.IO.Path.Combine(Root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
}
