using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Duplex.Tests;

/// <summary>Duplex.Protocol is synchronous code without I/O: no task, stream, network, clock, logger or lock in it.</summary>
internal static class ProtocolPurity
{
    private static readonly string[] Namespaces =
        ["System.Threading.Tasks", "System.Threading.Channels", "System.IO", "System.Net.Http", "System.Net.Sockets", "System.Timers", "Microsoft.Extensions.Logging"];

    private static readonly HashSet<string> Types =
    [
        "System.TimeProvider", "System.Diagnostics.Stopwatch", "System.Threading.Timer", "System.Threading.PeriodicTimer",
        "System.Threading.Lock", "System.Threading.Monitor", "System.Threading.Mutex", "System.Threading.Semaphore", "System.Threading.SemaphoreSlim",
        "System.Threading.ReaderWriterLock", "System.Threading.ReaderWriterLockSlim", "System.Threading.SpinLock",
    ];

    private static readonly HashSet<string> Members =
    [
        "System.DateTime.Now", "System.DateTime.UtcNow", "System.DateTime.Today", "System.DateTimeOffset.Now", "System.DateTimeOffset.UtcNow",
        "System.Environment.TickCount", "System.Environment.TickCount64",
    ];

    public static ImmutableArray<string> Violations(SourceModel model) =>
    [
        .. (from reference in model.References
            where IsProtocol(reference.File)
            let banned = Banned(reference)
            where banned is not null
            select $"{reference.Location}: Duplex.Protocol must not use {banned}.").Distinct(),
        .. from file in model.Files
           where IsProtocol(file)
           from token in file.Tree.GetRoot().DescendantTokens()
           where token.Kind() is SyntaxKind.LockKeyword or SyntaxKind.AsyncKeyword
           select $"{file.Locate(token.Parent!)}: Duplex.Protocol must not use {token.Text}.",
    ];

    private static bool IsProtocol(CompiledFile file) => file.Project == "Duplex.Protocol";

    private static string? Banned(Reference reference)
    {
        ISymbol symbol = reference.Symbol;
        if (symbol.ContainingType is { } owner && Members.Contains($"{owner.ToDisplayString()}.{symbol.Name}"))
        {
            return $"{owner.ToDisplayString()}.{symbol.Name}";
        }

        // What a member gives counts as used: a discarded task is a task too.
        return SymbolTypes.Of(symbol).Concat(SymbolTypes.Of(SymbolTypes.ValueOf(symbol)))
            .Select(type => type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat))
            .FirstOrDefault(name => Types.Contains(name) || Namespaces.Any(space => IsIn(name, space) && !IsCodec(reference.File, space)));
    }

    private static bool IsIn(string type, string space) => type.StartsWith(space + ".", StringComparison.Ordinal);

    // The platform's deflate codec only exists over a Stream; the one there is in memory.
    private static bool IsCodec(CompiledFile file, string space) => space == "System.IO" && file.Path.Contains("/Extensions/Deflate/", StringComparison.Ordinal);
}
