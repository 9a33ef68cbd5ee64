using System.Net;

namespace Duplex.Tests;

public sealed class RenewedHandlerTests
{
    [Fact]
    public async Task Each_request_takes_the_handlers_of_its_time_and_leaves_them_open()
    {
        var factory = new Factory();
        using var client = new HttpClient(new RenewedHandler(factory, "feed"));

        using HttpResponseMessage first = await client.GetAsync(new Uri("http://server.test")).Soon();
        using HttpResponseMessage second = await client.GetAsync(new Uri("http://server.test")).Soon();

        Assert.Equal(["feed", "feed"], factory.Names);
        Assert.Equal((HttpStatusCode)201, first.StatusCode);
        Assert.Equal((HttpStatusCode)202, second.StatusCode);
        Assert.False(factory.HasDisposed);
    }

    private sealed class Factory : IHttpMessageHandlerFactory
    {
        public List<string> Names { get; } = [];

        public bool HasDisposed { get; private set; }

        public HttpMessageHandler CreateHandler(string name)
        {
            Names.Add(name);
            return new Handler(this, (HttpStatusCode)(200 + Names.Count));
        }

        private sealed class Handler(Factory factory, HttpStatusCode status) : HttpMessageHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage(status));

            protected override void Dispose(bool disposing)
            {
                factory.HasDisposed = true;
                base.Dispose(disposing);
            }
        }
    }
}
