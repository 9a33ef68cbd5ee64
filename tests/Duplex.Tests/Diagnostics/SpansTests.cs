using System.Diagnostics;
using System.Net;

namespace Duplex.Tests;

public sealed class SpansTests : IDisposable
{
    private readonly Activity _mine = new Activity("test").Start();
    private readonly ActivityListener _listener = new()
    {
        ShouldListenTo = source => source.Name == "Duplex",
        Sample = (ref _) => ActivitySamplingResult.AllData,
    };

    public SpansTests() => ActivitySource.AddActivityListener(_listener);

    public void Dispose()
    {
        _listener.Dispose();
        _mine.Dispose();
    }

    [Fact]
    public void A_handshakes_span_is_the_current_one_until_it_ends()
    {
        var target = new Uri("wss://me:s3cret@host.test/path?s3cret");
        Activity span = Spans.StartHandshake()!;
        Assert.Same(span, Activity.Current);
        Assert.Same(_mine, span.Parent);

        Spans.EndHandshake(span, target, new Spans.Handshake(HttpStatusCode.SwitchingProtocols), "chat");

        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains("s3cret", StringComparison.Ordinal));
        Assert.Same(_mine, Activity.Current);
        Assert.Equal((101, "chat", ActivityStatusCode.Unset), (span.GetTagItem("http.response.status_code"), span.GetTagItem("duplex.subprotocol"), span.Status));
    }

    [Fact]
    public void A_subprotocol_that_may_be_a_credential_is_left_out()
    {
        Activity span = Spans.StartHandshake()!;

        Spans.EndHandshake(span, new Uri("wss://host.test/"), new Spans.Handshake(HttpStatusCode.SwitchingProtocols), "bearer.s3cret");

        Assert.Null(span.GetTagItem("duplex.subprotocol"));
    }

    [Fact]
    public void A_sessions_span_never_becomes_the_current_one()
    {
        Activity span = Spans.StartSession(new Uri("ws://host.test/"), new ServerTags(new Uri("ws://host.test/")), "7")!;
        Assert.Same(_mine, Activity.Current);

        Activity.Current = null;
        Spans.EndSession(span, new CloseResult { Initiator = CloseInitiator.Remote, Received = CloseReason.Normal, Sent = CloseReason.Normal, WasClean = true }, sent: 1, received: 2);

        Assert.Null(Activity.Current);
        Assert.True(span.IsStopped);
        Assert.Equal(("remote", 1000, ActivityStatusCode.Unset), (span.GetTagItem("duplex.close.initiator"), span.GetTagItem("duplex.close.code"), span.Status));
    }

    [Theory]
    [InlineData("start")]
    [InlineData("stop")]
    public void A_listener_that_throws_leaves_the_current_span_as_it_was(string when)
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Duplex",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStarted = span => ThrowIf(when == "start" && span.TraceId == _mine.TraceId),
            ActivityStopped = span => ThrowIf(when == "stop" && span.TraceId == _mine.TraceId),
        };
        ActivitySource.AddActivityListener(listener);

        Assert.Throws<InvalidCastException>(() => Spans.EndSession(Spans.StartSession(target: null, server: null, "7")!, new CloseResult(), sent: 0, received: 0));

        Assert.Same(_mine, Activity.Current);

        static void ThrowIf(bool mine)
        {
            if (mine)
                throw new InvalidCastException("The listener is full.");
        }
    }

    [Fact]
    public void An_end_that_was_not_clean_has_its_errors_type_or_says_so()
    {
        Assert.Contains(new("error.type", "System.IO.IOException"), Spans.EndTags(new CloseResult { Error = new IOException() }));
        Assert.Contains(new("error.type", "unclean"), Spans.EndTags(new CloseResult()));
        Assert.DoesNotContain(Spans.EndTags(new CloseResult { WasClean = true }), tag => tag.Key == "error.type");
    }
}
