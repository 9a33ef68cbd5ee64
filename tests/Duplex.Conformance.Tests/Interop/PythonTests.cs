namespace Duplex.Tests;

/// <summary>Duplex and Python's websockets.</summary>
public sealed class PythonTests(PythonServer server) : IClassFixture<PythonServer>
{
    public static TheoryData<int, int> Options =>
        new(from configuration in Enumerable.Range(0, PythonServer.Configurations.Count) from way in Enumerable.Range(0, Interoperation.Compressions.Count) select (configuration, way));

    [Fact]
    public async Task Plain_messages_come_back()
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(0), compression: null, async session =>
        {
            await Interoperation.EchoAsync(session);
            await session.PingAsync().Soon();
            await Interoperation.CloseAsync(session);
        });
    }

    [Theory, MemberData(nameof(Options))]
    public async Task Compressed_messages_come_back_whatever_both_sides_are_set_to(int configuration, int way)
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(configuration), way, async session =>
        {
            await Interoperation.EchoAsync(session);
            await session.SendAsync("fragments");
            await Interoperation.ComesAsync(session, Words.Text("in three fragments"));
            await Interoperation.CloseAsync(session);
        });
    }

    [Fact]
    public async Task A_close_of_the_server_is_understood()
    {
        server.Need();
        await Interoperation.UseAsync(server.Uri(1), compression: 0, async session =>
        {
            await session.SendAsync("close");
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((new CloseReason((CloseCode)4001, "asked to"), CloseInitiator.Remote, true), (end.Received, end.Initiator, end.WasClean));
        });
    }
}
