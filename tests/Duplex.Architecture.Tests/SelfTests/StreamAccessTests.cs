using System.Collections.Immutable;

namespace Duplex.Tests;

public class StreamAccessTests
{
    private const string Reader = "src/Duplex/Receiving/InputBuffer.cs";

    private const string Writer = "src/Duplex/Sending/SendPump.cs";

    [Theory]
    [InlineData("ValueTask<int> M(Stream s, Memory<byte> b) => s.ReadAsync(b);")]
    [InlineData("int M(Stream s, Span<byte> b) => s.Read(b);")]
    [InlineData("void M(Stream? s) => s?.Flush();")]
    [InlineData("Task M(System.Net.Security.SslStream s) => s.FlushAsync();")]
    [InlineData("ValueTask M(Stream s, Memory<byte> b) => s.ReadExactlyAsync(b);")]
    [InlineData("Func<Task> M(Stream s) => s.FlushAsync;")]
    [InlineData("string M(Stream s) => nameof(s.WriteByte);")]
    [InlineData("class S : MemoryStream { public void M(Stream inner) => inner.WriteByte(1); }")]
    public void A_stream_call_elsewhere_is_found(string member) => Expect.Exactly(Check("src/Duplex/Sessions/A.cs", member), "src/Duplex/Sessions/A.cs:2: only src/Duplex/");

    [Theory]
    [InlineData("void M(MemoryStream s) => s.WriteByte(1);")]
    [InlineData("class S : MemoryStream { public void M() { WriteByte(1); this.WriteByte(2); base.Flush(); } }")]
    [InlineData("void Flush() { } void M() => Flush();")]
    [InlineData("void M(Stream s) => s.Dispose();")]
    public void Memory_and_a_streams_own_members_are_no_transport(string member) => Expect.None(Check("src/Duplex/Sessions/A.cs", member));

    [Theory]
    [InlineData(Reader, "ValueTask<int> M(Stream s, Memory<byte> b) => s.ReadAsync(b);")]
    [InlineData(Reader, "ValueTask<int> M(Stream s, Memory<byte> b) => s.ReadAsync(b, CancellationToken.None);")]
    [InlineData(Writer, "ValueTask M(Stream s, Memory<byte> b) => s.WriteAsync(b, default);")]
    [InlineData(Writer, "Task M(Stream s) => s.FlushAsync(default(CancellationToken));")]
    public void The_reader_and_the_writer_call_streams_without_a_token(string path, string member) => Expect.None(Check(path, member));

    [Theory]
    [InlineData(Writer, "ValueTask<int> M(Stream s, Memory<byte> b) => s.ReadAsync(b);")]
    [InlineData(Reader, "ValueTask M(Stream s, Memory<byte> b) => s.WriteAsync(b, default);")]
    public void The_reader_does_not_write_and_the_writer_does_not_read(string path, string member) => Expect.Exactly(Check(path, member), $"{path}:2: only src/Duplex/");

    [Theory]
    [InlineData(Reader, "ValueTask<int> M(Stream s, Memory<byte> b, CancellationToken t) => s.ReadAsync(b, t);")]
    [InlineData(Writer, "ValueTask M(Stream s, Memory<byte> b, CancellationToken t) => s.WriteAsync(b, cancellationToken: t);")]
    [InlineData(Writer, "Task M(Stream s, CancellationTokenSource c) => s.FlushAsync(c.Token);")]
    [InlineData(Writer, "Task? M(Stream? s, CancellationToken t) => s?.FlushAsync(t);")]
    [InlineData(Writer, "Task M(Stream s) => s.FlushAsync(new CancellationToken(true));")]
    public void A_token_is_found(string path, string member) => Expect.Exactly(Check(path, member), $"{path}:2: Stream.");

    [Fact]
    public void A_method_group_is_found() =>
        Expect.Exactly(Check(Writer, "Func<CancellationToken, Task> M(Stream s) => s.FlushAsync;"), $"{Writer}:2: call Stream.FlushAsync directly");

    [Fact]
    public void An_allowed_reader_may_read_but_not_write()
    {
        const string path = "src/Duplex/Engines/A.cs";
        SourceModel model = SourceModel.Of((path, "namespace Duplex; class A {\nint R(Stream s) => s.ReadByte();\nvoid W(Stream s) => s.WriteByte(1); }"));
        Expect.Exactly(StreamAccess.Violations(model, new Dictionary<string, string> { [path] = "a test" }), $"{path}:3: ");
    }

    private static ImmutableArray<string> Check(string path, string member) =>
        StreamAccess.Violations(SourceModel.Of((path, $"namespace Duplex; class A {{\n{member}\n}}")));
}
