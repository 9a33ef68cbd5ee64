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

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.StartsWith("HttpClient 'feed': Feed:PingInterval: \"never\" is not a duration.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_key_fails_it_if_asked()
    {
        using IHost host = Create(builder => builder.Services.AddHttpClient("feed").AddWebSockets(builder.Configuration.GetSection("Feed"), errorOnUnknownKeys: true), ("Feed:Ping", "1"));

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.StartsWith("HttpClient 'feed': Feed:Ping: Unknown key.", error.Message, StringComparison.Ordinal);
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

        Assert.Contains(error.InnerExceptions, inner => inner.Message.StartsWith("HttpClient 'one': One:MaxFragments:", StringComparison.Ordinal));
        Assert.Contains(error.InnerExceptions, inner => inner.Message.StartsWith("HttpClient 'Typed': Two:MaxFragments:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_defaults_section_is_checked()
    {
        using IHost host = Create(builder => builder.Services.ConfigureHttpClientDefaults(client => client.AddWebSockets(builder.Configuration.GetSection("WebSockets"))), ("WebSockets:MaxFragments", "0"));

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.StartsWith("ConfigureHttpClientDefaults: WebSockets:MaxFragments: ", error.Message, StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, (Action<IHttpClientBuilder> Spoil, string Message, Type Cause)> Wrong = new()
    {
        ["a handler that follows redirects"] = (client => client.ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler()), "AllowAutoRedirect", typeof(InvalidOperationException)),
        ["two plugins"] = (client => client.AddHttpMessageHandler(() => new WebSocketsHandler()), "two WebSocketsHandlers", typeof(InvalidOperationException)),
        ["no plugin"] = (client => client.ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear()), "has removed the WebSocketsHandler", typeof(InvalidOperationException)),
        ["an option that the engine lacks"] = (
            client => client.AddWebSockets(ws => (ws.Engine, ws.MaxFragments) = (WebSocketEngines.From((_, _) => new ValueTask<System.Net.WebSockets.WebSocket>(new System.Net.WebSockets.ClientWebSocket())), 1)),
            "MaxFragments", typeof(NotSupportedException)),
        ["a scoped service"] = (client => client.AddWebSockets((services, _) => services.GetRequiredService<Scoped>()), "scoped service", typeof(InvalidOperationException)),
        ["an option by code"] = (client => client.AddWebSockets(ws => ws.MaxFragments = 0), "non-zero", typeof(ArgumentOutOfRangeException)),
        ["a handler's own failure"] = (client => client.AddHttpMessageHandler(() => throw new IOException("No disk.")), "No disk.", typeof(IOException)),
    };

    public static TheoryData<string> WrongNames => [.. Wrong.Keys];

    [Theory, MemberData(nameof(WrongNames))]
    public async Task What_a_client_cannot_be_created_for_fails_it_with_the_clients_name_and_the_cause(string wrong)
    {
        using IHost host = Create(builder => Wrong[wrong].Spoil(builder.Services.AddScoped<Scoped>().AddHttpClient("feed").AddWebSockets()));

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.Equal("feed", error.OptionsName);
        Assert.StartsWith("HttpClient 'feed': ", error.Message, StringComparison.Ordinal);
        Assert.Contains(Wrong[wrong].Message, error.Message, StringComparison.Ordinal);
        Assert.Single(error.Message.Split("HttpClient 'feed'").Skip(1)); // not twice
        Assert.StartsWith($"{typeof(OptionsValidationException)}: ", error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"---> {Wrong[wrong].Cause}: ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_is_wrong_hides_no_other()
    {
        using IHost host = Create(
            builder =>
            {
                foreach ((string name, (Action<IHttpClientBuilder> spoil, _, _)) in Wrong)
                    spoil(builder.Services.AddScoped<Scoped>().AddHttpClient(name).AddWebSockets());
                builder.Services.AddHttpClient("feed").AddWebSockets(builder.Configuration.GetSection("Feed"));
            },
            ("Feed", "00:00:20"));

        var error = await Assert.ThrowsAsync<AggregateException>(() => host.StartAsync().Soon());

        Assert.Equal(Wrong.Keys.Append("feed").Order(), error.InnerExceptions.Select(inner => ((OptionsValidationException)inner).OptionsName).Order());
    }

    [Fact]
    public async Task A_users_own_validation_takes_part()
    {
        using IHost host = Create(builder =>
        {
            builder.Services.AddHttpClient("feed").AddWebSockets();
            builder.Services.AddOptions<WebSocketsOptions>("feed").Validate(options => options.Subprotocols.Count > 0, "The feed needs a subprotocol.");
        });

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => host.StartAsync().Soon());

        Assert.Equal("HttpClient 'feed': The feed needs a subprotocol.", error.Message);
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
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = true }));
        configure(builder);
        return builder.Build();
    }

    private sealed class Scoped;

    private sealed class Typed(HttpClient client)
    {
        public HttpClient Client { get; } = client;
    }
}
