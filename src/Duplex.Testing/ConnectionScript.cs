using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace Duplex.Testing;

/// <summary>
/// What a <see cref="WebSocketTestServer"/> does with a connection: how it answers the handshake, and then one step
/// after the other. Without a step it receives what comes. After the last step it goes on receiving, and answers the
/// client's Close; after code as the last step it closes with 1000.
/// </summary>
/// <remarks>Write it before the client connects. Not thread-safe.</remarks>
public sealed class ConnectionScript
{
    private readonly List<ScriptStep> _steps = [];

    internal ConnectionScript() { }

    internal HandshakePlan Handshake { get; } = new();

    internal IReadOnlyList<ScriptStep> Steps => _steps;

    /// <summary>Whether the server's side is a raw session; null if it does not matter.</summary>
    internal bool? IsRaw { get; private set; }

    internal Func<Stream, Stream>? ClientStream { get; private set; }

    internal Func<Stream, Stream>? ServerStream { get; private set; }

    /// <summary>Accepts the handshake, as is done without any call.</summary>
    /// <param name="subprotocol">
    /// The subprotocol, offered or not. Default: the first of <see cref="WebSocketTestServer.Subprotocols"/> that the
    /// client offers.
    /// </param>
    /// <param name="headers">Adds headers to the response.</param>
    public ConnectionScript Accept(string? subprotocol = null, Action<HttpResponseHeaders>? headers = null)
    {
        Handshake.How = HandshakePlan.Way.Accept;
        (Handshake.Subprotocol, Handshake.Headers) = (subprotocol, headers);
        return this;
    }

    /// <summary>
    /// Accepts the handshake with a wrong <c>Sec-WebSocket-Accept</c>; over HTTP/2 with a wrong status.
    /// </summary>
    public ConnectionScript AcceptWrongly()
    {
        Handshake.How = HandshakePlan.Way.AcceptWrongly;
        return this;
    }

    /// <summary>Refuses the handshake.</summary>
    /// <param name="status">The status of the response.</param>
    /// <param name="body">Its body.</param>
    /// <param name="headers">Adds headers to it, such as <c>Retry-After</c>.</param>
    public ConnectionScript Refuse(
        HttpStatusCode status, string body = "", Action<HttpResponseHeaders>? headers = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        Handshake.How = HandshakePlan.Way.Refuse;
        (Handshake.Status, Handshake.Body, Handshake.Headers) = (status, body, headers);
        return this;
    }

    /// <summary>Answers the handshake, however it does, only after some time of the server's clock.</summary>
    /// <param name="delay">The time.</param>
    public ConnectionScript DelayHandshake(TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        Handshake.Delay = delay;
        return this;
    }

    /// <summary>Never answers the handshake.</summary>
    public ConnectionScript StallHandshake()
    {
        Handshake.How = HandshakePlan.Way.Stall;
        return this;
    }

    /// <summary>Fails the handshake as a transport does.</summary>
    /// <param name="error">
    /// Creates the exception that the client's handler chain gets. Default: that of a connection which is reset before
    /// a response.
    /// </param>
    public ConnectionScript DropHandshake(Func<Exception>? error = null)
    {
        Handshake.How = HandshakePlan.Way.Drop;
        Handshake.Error = error;
        return this;
    }

    /// <summary>Runs code as the server's side.</summary>
    /// <param name="code">
    /// The code. Its token is cancelled when the server is disposed. An exception fails the test's
    /// <see cref="WebSocketTestServer.VerifyAsync"/>, except one that says that the connection was lost.
    /// </param>
    /// <exception cref="InvalidOperationException">The script has code for a raw session.</exception>
    public ConnectionScript Run(Func<DefaultWebSocketSession, CancellationToken, Task> code)
    {
        ArgumentNullException.ThrowIfNull(code);
        SetRaw(false);
        return Add("Run", (stage, token) => code((DefaultWebSocketSession)stage.Session, token), isCode: true);
    }

    /// <summary>Runs code as the server's side, with every frame as it comes and none answered.</summary>
    /// <exception cref="InvalidOperationException">The script has code for a default session.</exception>
    /// <inheritdoc cref="Run" path="/param"/>
    public ConnectionScript RunRaw(Func<RawWebSocketSession, CancellationToken, Task> code)
    {
        ArgumentNullException.ThrowIfNull(code);
        SetRaw(true);
        return Add("RunRaw", (stage, token) => code((RawWebSocketSession)stage.Session, token), isCode: true);
    }

    /// <summary>Waits for the client's next message, which must be this text.</summary>
    /// <param name="text">The text.</param>
    public ConnectionScript Expect(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Expect(frame => frame is Frame.Text message && message.ReadText() == text, $"\"{text}\"");
    }

    /// <summary>Waits for the client's next message, which must fit.</summary>
    /// <param name="fits">Whether the message fits.</param>
    /// <param name="description">The condition in words, for the exception. Default: its code.</param>
    public ConnectionScript Expect(
        Func<Frame, bool> fits, [CallerArgumentExpression(nameof(fits))] string description = "")
    {
        ArgumentNullException.ThrowIfNull(fits);
        return Add($"Expect {description}", (stage, token) => stage.ExpectAsync(fits, token));
    }

    /// <summary>Waits for the client's Close, before which no message may come.</summary>
    /// <param name="code">Its code. Default: any.</param>
    public ConnectionScript ExpectClose(CloseCode? code = null) =>
        Add($"ExpectClose {code}", (stage, token) => stage.ExpectCloseAsync(code, token));

    /// <summary>Sends a text.</summary>
    /// <param name="text">The text.</param>
    public ConnectionScript Send(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Add($"Send \"{text}\"", (stage, token) => stage.Session.SendAsync(text, token).AsTask());
    }

    /// <summary>Sends a binary message.</summary>
    /// <param name="data">Its payload, which must not change until the test ends.</param>
    public ConnectionScript Send(ReadOnlyMemory<byte> data) =>
        Add($"Send {data.Length} bytes", (stage, token) => stage.Session.SendAsync(data, token).AsTask());

    /// <summary>Sends a text made of the last expected message.</summary>
    /// <param name="answer">Makes it, from the message's payload as text.</param>
    public ConnectionScript Reply(Func<string, string> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return Add("Reply", (stage, token) => stage.Session.SendAsync(
            answer(stage.Last is { } last ? System.Text.Encoding.UTF8.GetString(last.Data.Span) : ""), token).AsTask());
    }

    /// <summary>Lets time of the server's clock pass.</summary>
    /// <param name="time">How much.</param>
    public ConnectionScript Wait(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        return Add($"Wait {time}", (stage, token) => Task.Delay(time, stage.Time, token));
    }

    /// <summary>Closes the session, and waits for the client's Close.</summary>
    /// <param name="code">The code.</param>
    /// <param name="message">The reason's text.</param>
    public ConnectionScript Close(CloseCode code = CloseCode.NormalClosure, string message = "")
    {
        var reason = new CloseReason(code, message);
        return Add($"Close {reason}", (stage, token) => stage.Session.CloseAsync(reason, token));
    }

    /// <summary>Loses the connection without a close handshake.</summary>
    /// <param name="how">What the client notices. What was sent before arrives, except with silence.</param>
    public ConnectionScript Vanish(ConnectionLoss how = ConnectionLoss.Reset) =>
        Add($"Vanish {how}", async (stage, token) =>
        {
            await stage.Session.FlushAsync(token).ConfigureAwait(false);
            stage.Connection.Vanish(how);
        });

    /// <summary>Puts a stream around the client's end of the connection, such as one that injects faults.</summary>
    /// <param name="wrap">Makes it. It disposes the stream that it gets.</param>
    public ConnectionScript WrapClientStream(Func<Stream, Stream> wrap)
    {
        ArgumentNullException.ThrowIfNull(wrap);
        ClientStream = Then(ClientStream, wrap);
        return this;
    }

    /// <summary>Puts a stream around the server's end of the connection.</summary>
    /// <inheritdoc cref="WrapClientStream" path="/param"/>
    public ConnectionScript WrapServerStream(Func<Stream, Stream> wrap)
    {
        ArgumentNullException.ThrowIfNull(wrap);
        ServerStream = Then(ServerStream, wrap);
        return this;
    }

    private static Func<Stream, Stream> Then(Func<Stream, Stream>? first, Func<Stream, Stream> second) =>
        first is null ? second : stream => second(first(stream));

    private void SetRaw(bool isRaw)
    {
        if (IsRaw is { } before && before != isRaw)
        {
            throw new InvalidOperationException("A script has one session: use Run or RunRaw, not both.");
        }

        IsRaw = isRaw;
    }

    private ConnectionScript Add(
        string description, Func<ScriptStep.Stage, CancellationToken, Task> run, bool isCode = false)
    {
        _steps.Add(new ScriptStep(description, run, isCode));
        return this;
    }
}
