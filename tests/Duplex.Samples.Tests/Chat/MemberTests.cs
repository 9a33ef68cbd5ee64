using Chat;
using Chat.Server;

namespace Duplex.Tests;

/// <summary>The server's rooms, and the queue of each member.</summary>
public sealed class MemberTests
{
    private readonly Rooms _rooms = new();

    [Fact]
    public async Task Each_gets_what_is_said_in_the_same_order()
    {
        using Member ann = _rooms.Join("lobby", "Ann")!, bob = _rooms.Join("lobby", "Bob")!;
        ann.Say("1");
        bob.Say("2");

        ChatMessage[] said = [new Said("Ann", "1"), new Said("Bob", "2")];
        Assert.Equal([new Joined("Ann"), new Joined("Bob"), .. said], await AllAsync(ann));
        Assert.Equal([new Joined("Ann"), new Joined("Bob"), .. said], await AllAsync(bob));
    }

    [Fact]
    public async Task A_slow_member_loses_the_oldest_and_learns_how_many()
    {
        using Member slow = _rooms.Join("lobby", "Slow")!;
        for (int i = 0; i < Member.QueueCapacity + 6; i++)
            slow.Say($"{i}");

        List<ChatMessage> messages = await AllAsync(slow);

        Assert.Equal(new Missed(7), messages[0]); // its own Joined, and the first six
        Assert.Equal(new Said("Slow", "6"), messages[1]);
        Assert.Equal(Member.QueueCapacity + 1, messages.Count);
    }

    [Fact]
    public async Task Who_leaves_is_announced_and_the_name_is_free()
    {
        using Member ann = _rooms.Join("lobby", "Ann")!;
        Member bob = _rooms.Join("lobby", "Bob")!;
        Assert.Null(_rooms.Join("lobby", "Bob"));

        bob.Dispose();

        using Member again = _rooms.Join("lobby", "Bob")!;
        Assert.Equal(
            [new Joined("Ann"), new Joined("Bob"), new Left("Bob"), new Joined("Bob")], await AllAsync(ann));
    }

    private static async Task<List<ChatMessage>> AllAsync(Member member)
    {
        member.Complete();
        var messages = new List<ChatMessage>();
        await foreach (ChatMessage message in member.ReadAllAsync())
            messages.Add(message);
        return messages;
    }
}
