using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

public sealed class StartCheckTests
{
    [Fact]
    public async Task A_bad_value_fails_the_hosts_start_with_its_path()
    {
        using IHost host = Create(builder => builder.Services.AddHttpClient("feed").AddWebSockets(builder.Configuration.GetSection("Feed")), ("Feed:PingInterval", "never"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.StartsWith("Feed:PingInterval: \"never\" is no duration.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_key_fails_it_if_asked()
    {
        using IHost host = Create(builder => builder.Services.AddHttpClient("feed").AddWebSockets(builder.Configuration.GetSection("Feed"), errorOnUnknownKeys: true), ("Feed:Ping", "1"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.StartsWith("Feed:Ping: The key is unknown.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_clients_are_checked()
    {
        using IHost host = Create(
            builder =>
            {
                builder.Services.AddHttpClient("one").AddWebSockets(builder.Configuration.GetSection("One"));
                builder.Services.AddHttpClient<Typed>().AddWebSockets(builder.Configuration.GetSection("Two"));
            },
            ("One:MaxFragments", "0"),
            ("Two:MaxFragments", "0"));

        var error = await Assert.ThrowsAsync<AggregateException>(() => host.StartAsync().Soon());

        Assert.Contains(error.InnerExceptions, inner => inner.Message.StartsWith("One:MaxFragments:", StringComparison.Ordinal));
        Assert.Contains(error.InnerExceptions, inner => inner.Message.StartsWith("Two:MaxFragments:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_defaults_section_is_checked()
    {
        using IHost host = Create(builder => builder.Services.ConfigureHttpClientDefaults(client => client.AddWebSockets(builder.Configuration.GetSection("WebSockets"))), ("WebSockets:MaxFragments", "0"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.StartsWith("WebSockets:MaxFragments: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_primary_handler_fails_it()
    {
        using IHost host = Create(builder => builder.Services.AddHttpClient("feed").AddWebSockets().ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler()));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync().Soon());

        Assert.Contains("AllowAutoRedirect", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_users_own_validation_takes_part()
    {
        using IHost host = Create(builder =>
        {
            builder.Services.AddHttpClient("feed").AddWebSockets();
            builder.Services.AddOptions<WebSocketsOptions>("feed").Validate(options => options.Subprotocols.Count > 0, "The feed needs a subprotocol.");
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.Equal("The feed needs a subprotocol.", error.Message);
    }

    [Fact]
    public async Task A_host_whose_clients_are_right_starts()
    {
        using IHost host = Create(builder => builder.Services.AddHttpClient("feed").AddWebSockets(builder.Configuration.GetSection("Feed"), errorOnUnknownKeys: true), ("Feed:PingInterval", "Infinite"));

        await host.StartAsync().Soon();
        await host.StopAsync().Soon();
    }

    private static IHost Create(Action<HostApplicationBuilder> configure, params (string Key, string? Value)[] keys)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddConfiguration(Clients.Configuration(keys));
        configure(builder);
        return builder.Build();
    }

    private sealed class Typed(HttpClient client)
    {
        public HttpClient Client { get; } = client;
    }
}
