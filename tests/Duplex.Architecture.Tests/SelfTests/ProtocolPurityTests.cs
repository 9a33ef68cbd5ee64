using System.Collections.Immutable;

namespace Duplex.Tests;

public class ProtocolPurityTests
{
    [Theory]
    [InlineData("Task? M() => null;", "System.Threading.Tasks.Task")]
    [InlineData("ValueTask<int> M() => default;", "System.Threading.Tasks.ValueTask")]
    [InlineData("void M(IAsyncDisposable d) => d.DisposeAsync();", "System.Threading.Tasks.ValueTask")]
    [InlineData("void M() { var x = System.IO.Path.DirectorySeparatorChar; }", "System.IO.Path")]
    [InlineData("System.IO.Compression.DeflateStream? s;", "System.IO.Compression.DeflateStream")]
    [InlineData("HttpClient? c;", "System.Net.Http.HttpClient")]
    [InlineData("object M() => new System.Net.Sockets.SocketException();", "System.Net.Sockets.SocketException")]
    [InlineData("TimeProvider? t;", "System.TimeProvider")]
    [InlineData("long M() => System.Diagnostics.Stopwatch.GetTimestamp();", "System.Diagnostics.Stopwatch")]
    [InlineData("object M() => DateTime.UtcNow;", "System.DateTime.UtcNow")]
    [InlineData("object M() => DateTimeOffset.Now;", "System.DateTimeOffset.Now")]
    [InlineData("long M() => Environment.TickCount64;", "System.Environment.TickCount64")]
    [InlineData("Microsoft.Extensions.Logging.ILogger? l;", "Microsoft.Extensions.Logging.ILogger")]
    [InlineData("void M() => Monitor.Enter(this);", "System.Threading.Monitor")]
    [InlineData("Lock? l;", "System.Threading.Lock")]
    [InlineData("void M() { lock (this) { } }", "lock")]
    [InlineData("async void M() { }", "async")]
    public void What_needs_a_task_a_stream_a_network_a_clock_a_logger_or_a_lock_is_found(string member, string banned)
    {
        var violations = Check("src/Duplex.Protocol/Frames/A.cs", member);
        Assert.NotEmpty(violations);
        Assert.All(violations, violation => Assert.StartsWith("src/Duplex.Protocol/Frames/A.cs:2: Duplex.Protocol must not use " + banned, violation, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("int M(Span<byte> s) => s.Length + System.Numerics.BitOperations.PopCount(3u);")]
    [InlineData("DateTime M() => new(2026, 1, 1);")]
    [InlineData("string Task = nameof(Task); string Path() => Task;")]
    [InlineData("/// <see cref=\"System.IO.Stream\"/>\nvoid M() { }")]
    public void Plain_code_passes(string member) => Expect.None(Check("src/Duplex.Protocol/Frames/A.cs", member));

    [Fact]
    public void The_deflate_codec_may_use_a_stream_but_no_task()
    {
        const string path = "src/Duplex.Protocol/Extensions/Deflate/A.cs";
        Expect.None(Check(path, "System.IO.Stream? s;"));
        Expect.Exactly(Check(path, "Task? t;"), $"{path}:2: ");
    }

    [Fact]
    public void The_rule_is_for_the_protocol_only() => Expect.None(Check("src/Duplex/Sessions/A.cs", "Task? t;"));

    private static ImmutableArray<string> Check(string path, string member) =>
        ProtocolPurity.Violations(SourceModel.Of((path, $"namespace Duplex; class A {{\n{member}\n}}")));
}
