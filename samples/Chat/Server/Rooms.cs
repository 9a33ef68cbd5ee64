namespace Chat.Server;

/// <summary>Who is in which room. Thread-safe.</summary>
public sealed class Rooms
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, Member>> _rooms = [];

    /// <summary>Joins a room, which exists while someone is in it.</summary>
    /// <returns>The member, which leaves when it is disposed; null if the name is taken.</returns>
    public Member? Join(string room, string name)
    {
        lock (_lock)
        {
            if (!_rooms.TryGetValue(room, out Dictionary<string, Member>? members))
                _rooms.Add(room, members = []);
            var member = new Member(this, room, name);
            if (!members.TryAdd(name, member))
                return null;
            foreach (string present in members.Keys)
            {
                if (present != name)
                    member.Enqueue(new Joined(present));
            }

            Broadcast(room, new Joined(name));
            return member;
        }
    }

    internal void Leave(Member member)
    {
        lock (_lock)
        {
            _rooms[member.Room].Remove(member.Name);
            Broadcast(member.Room, new Left(member.Name));
            if (_rooms[member.Room].Count == 0)
                _rooms.Remove(member.Room);
        }
    }

    // Under the lock, every member gets the messages in the same order. It never waits: each has a queue of its own.
    internal void Broadcast(string room, ChatMessage message)
    {
        lock (_lock)
        {
            foreach (Member member in _rooms[room].Values)
                member.Enqueue(message);
        }
    }
}
