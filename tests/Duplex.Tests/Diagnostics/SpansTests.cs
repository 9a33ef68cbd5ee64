using System.Diagnostics;

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
        Activity span = Spans.StartHandshake(new Uri("wss://me:s3cret@host.test/path?s3cret"))!;
        Assert.Same(span, Activity.Current);
        Assert.Same(_mine, span.Parent);
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains("s3cret", StringComparison.Ordinal));

        Spans.EndHandshake(span, System.Net.HttpStatusCode.SwitchingProtocols, error: null, check: null, subprotocol: "chat");

        Assert.Same(_mine, Activity.Current);
        Assert.Equal((101, "chat", ActivityStatusCode.Unset), (span.GetTagItem("http.response.status_code"), span.GetTagItem("duplex.subprotocol"), span.Status));
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

    [Fact]
    public void An_end_that_was_not_clean_has_its_errors_type_or_says_so()
    {
        Assert.Contains(new("error.type", "System.IO.IOException"), Spans.EndTags(new CloseResult { Error = new IOException() }));
        Assert.Contains(new("error.type", "unclean"), Spans.EndTags(new CloseResult()));
        Assert.DoesNotContain(Spans.EndTags(new CloseResult { WasClean = true }), tag => tag.Key == "error.type");
    }
}
