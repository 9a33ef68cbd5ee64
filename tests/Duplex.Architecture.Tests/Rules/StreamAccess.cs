using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Duplex.Tests;

/// <summary>
/// In src/Duplex one type reads connections, InputBuffer, and one writes and flushes them, SendPump. No such call gets a token: cancelling one destroys the connection.
/// A stream in memory and a stream's own members (<c>this</c>, <c>base</c>) are no transport.
/// </summary>
internal static class StreamAccess
{
    private const string Reader = "src/Duplex/Receiving/InputBuffer.cs";

    private const string Writer = "src/Duplex/Sending/SendPump.cs";

    /// <summary>The streams that pass on calls of those two, or of HttpClient until a session takes its connection.</summary>
    public static readonly ImmutableHashSet<string> Between =
    [
        "src/Duplex/Engines/ExtendedConnectStream.cs",
        "src/Duplex/Engines/HeldBytesStream.cs",
        "src/Duplex/Engines/TakeableStream.cs",
    ];

    /// <summary>Other files that may read a stream, each with the reason. None may write or flush one.</summary>
    public static readonly ImmutableDictionary<string, string> Readers = new Dictionary<string, string>
    {
        ["src/Duplex/Engines/BodyPreview.cs"] = "reads the body of a response that refuses a handshake, which is no connection of ours",
        ["src/Duplex/Sending/StreamSender.cs"] = "reads the content of a message, a stream of the user's, with the user's token",
    }.ToImmutableDictionary();

    private static readonly HashSet<string> Reads =
    [
        "Read", "ReadAsync", "ReadByte", "ReadExactly", "ReadExactlyAsync", "ReadAtLeast", "ReadAtLeastAsync", "BeginRead", "EndRead", "CopyTo", "CopyToAsync",
    ];

    private static readonly HashSet<string> Writes = ["Write", "WriteAsync", "WriteByte", "BeginWrite", "EndWrite", "Flush", "FlushAsync"];

    public static ImmutableArray<string> Violations(SourceModel model) => Violations(model, Readers);

    public static ImmutableArray<string> Violations(SourceModel model, IReadOnlyDictionary<string, string> readers) =>
    [
        .. from file in model.Files
           where file.Project == "Duplex" && !Between.Contains(file.Path)
           from name in file.Nodes().OfType<SimpleNameSyntax>()
           where (Reads.Contains(name.Identifier.Text) || Writes.Contains(name.Identifier.Text)) && IsTransportCall(file.Model, name)
           let violation = file.Path == (Reads.Contains(name.Identifier.Text) ? Reader : Writer)
               ? TokenPassed(file.Model, name)
               : Elsewhere(name.Identifier.Text, readers.ContainsKey(file.Path))
           where violation is not null
           select $"{file.Locate(name)}: {violation}",
    ];

    private static string? Elsewhere(string method, bool mayRead) =>
        mayRead && Reads.Contains(method) ? null : $"only {(Reads.Contains(method) ? Reader : Writer)} may call Stream.{method} of a connection.";

    private static bool IsTransportCall(SemanticModel model, SimpleNameSyntax name)
    {
        SymbolInfo info = model.GetSymbolInfo(name);
        if ((info.Symbol ?? info.CandidateSymbols.FirstOrDefault()) is not IMethodSymbol method || !SymbolTypes.IsOrDerivesFrom(method.ContainingType, "System.IO.Stream"))
        {
            return false;
        }

        return Receiver(name) is { } receiver
            && receiver is not (ThisExpressionSyntax or BaseExpressionSyntax)
            && !SymbolTypes.IsOrDerivesFrom(model.GetTypeInfo(receiver).Type, "System.IO.MemoryStream");
    }

    // x.Read, x?.Read; a bare Read is a call on this, and a declaration is no SimpleName.
    private static ExpressionSyntax? Receiver(SimpleNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access when access.Name == name => access.Expression,
        MemberBindingExpressionSyntax binding => binding.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>()?.Expression,
        _ => null,
    };

    private static string? TokenPassed(SemanticModel model, SimpleNameSyntax name)
    {
        if (name.Parent!.Parent is not InvocationExpressionSyntax call || model.GetOperation(call) is not IInvocationOperation invocation)
        {
            return $"call Stream.{name.Identifier.Text} directly; a method group hides whether a token is passed.";
        }

        IArgumentOperation? token = invocation.Arguments.FirstOrDefault(argument => argument.Parameter?.Type.ToDisplayString() == "System.Threading.CancellationToken");
        return token is null || IsNone(token.Value) ? null : $"Stream.{name.Identifier.Text} gets a token; cancelling it destroys the connection.";
    }

    private static bool IsNone(IOperation value) => value switch
    {
        IConversionOperation conversion => IsNone(conversion.Operand),
        IDefaultValueOperation => true,
        IPropertyReferenceOperation property => property.Property is { Name: "None", IsStatic: true },
        _ => false,
    };
}
