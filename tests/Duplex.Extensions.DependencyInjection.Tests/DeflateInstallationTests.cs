using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

public sealed class DeflateInstallationTests
{
    private const string Deflate = "Extensions:PerMessageDeflate";

    [Theory]
    [InlineData("", "Enabled=true", "client_max_window_bits")]
    [InlineData("", "ServerMaxWindowBits=9", "server_max_window_bits=9; client_max_window_bits")]
    [InlineData("", "Enabled=false ServerMaxWindowBits=9", null)]
    [InlineData("", "", null)]
    [InlineData("", "Enabled=", null)]
    [InlineData("", "Unknown=1", null)]
    [InlineData("ServerMaxWindowBits=9", "Enabled=", "server_max_window_bits=9; client_max_window_bits")]
    [InlineData("ServerMaxWindowBits=9", "ServerMaxWindowBits=10 AllowsClientMaxWindowBits=false", "server_max_window_bits=10")]
    [InlineData("ServerMaxWindowBits=9", "ClientContextTakeover=false", "client_no_context_takeover; server_max_window_bits=9; client_max_window_bits")]
    [InlineData("Enabled=true", "Enabled=false", null)]
    [InlineData("Enabled=false", "Enabled=true ServerMaxWindowBits=9", "server_max_window_bits=9; client_max_window_bits")]
    public async Task Each_key_comes_from_the_last_section_that_has_it(string first, string second, string? offer)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(Section(first)).AddWebSockets(Section(second));
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        string? header = server.Requests.Single()["Sec-WebSocket-Extensions"];
        Assert.Equal(offer is null ? null : Parameters($"permessage-deflate; {offer}"), header is null ? null : Parameters(header));
    }

    [Fact]
    public async Task A_clients_own_section_follows_the_defaults()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(Section("ServerMaxWindowBits=9"));
        services.ConfigureHttpClientDefaults(client => client.AddWebSockets(Section("ServerMaxWindowBits=10 AllowsClientMaxWindowBits=false")));
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        Assert.Equal("permessage-deflate; server_max_window_bits=9", server.Requests.Single()["Sec-WebSocket-Extensions"]);
    }

    [Theory]
    [InlineData("before", false)]
    [InlineData("by the defaults", false)]
    [InlineData("after", true)]
    public async Task Enabled_false_switches_off_what_code_installed_before(string installed, bool isOffered)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        var services = new ServiceCollection();
        IHttpClientBuilder builder = services.AddHttpClient("feed");
        if (installed == "before")
            builder.AddWebSockets(ws => ws.Extensions.InstallPerMessageDeflate());
        builder.AddWebSockets(Section("Enabled=false"));
        if (installed == "after")
            builder.AddWebSockets(ws => ws.Extensions.InstallPerMessageDeflate());
        if (installed == "by the defaults")
            services.ConfigureHttpClientDefaults(client => client.AddWebSockets(ws => ws.Extensions.InstallPerMessageDeflate()));
        await using ServiceProvider provider = services.Build();

        await using DefaultClientWebSocketSession session = await provider.Client("feed").EchoAsync(server.Address);

        Assert.Equal(isOffered, server.Requests.Single().ContainsKey("Sec-WebSocket-Extensions"));
    }

    // As with a reload between the two reads.
    [Theory]
    [InlineData("MaxExpansion=0")]
    [InlineData("MaxExpansion=x")]
    [InlineData("Enabled=true Level:x=1")]
    public void A_key_that_became_wrong_fails(string keys)
    {
        var installation = new DeflateInstallation([new SettingsBinding(null, Section(keys), refusesUnknownKeys: false)]);

        var error = Assert.Throws<OptionsValidationException>(() => installation.PostConfigure("feed", new WebSocketsOptions()));

        Assert.Contains("Feed:Extensions:PerMessageDeflate:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_code_has_installed_already_is_refused_with_the_path()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(ws => ws.Extensions.InstallPerMessageDeflate()).AddWebSockets(Section("Enabled=true"));
        using ServiceProvider provider = services.Build();

        var error = Assert.Throws<OptionsValidationException>(() => provider.Client("feed"));

        Assert.StartsWith("Feed:Extensions:PerMessageDeflate: Code installs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Enabled_must_be_a_boolean()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(Section("Enabled=on"));
        using ServiceProvider provider = services.Build();

        var error = Assert.Throws<OptionsValidationException>(() => provider.OptionsOf("feed"));

        Assert.Contains($"Feed:{Deflate}:Enabled", error.Message, StringComparison.Ordinal);
    }

    private static IConfigurationSection Section(string keys) => Clients.Configuration(
        [.. keys.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(key => key.Split('=')).Select(parts => ($"Feed:{Deflate}:{parts[0]}", (string?)parts[1]))]).GetSection("Feed");

    private static IEnumerable<string> Parameters(string offer) => offer.Split(';').Select(parameter => parameter.Trim()).Order(StringComparer.Ordinal);
}
