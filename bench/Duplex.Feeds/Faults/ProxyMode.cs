namespace Duplex.Feeds;

/// <summary>What a <see cref="FaultProxy"/> does with a new connection.</summary>
internal enum ProxyMode
{
    /// <summary>Connects it to the server.</summary>
    Forward,

    /// <summary>Refuses it, as a machine on which no server runs.</summary>
    Refuse,

    /// <summary>Lets the handshake succeed, and ends the connection.</summary>
    DropAfterHandshake,

    /// <summary>Forwards it, and resets it when the first messages have come.</summary>
    DropSoon,

    /// <summary>Accepts it, and never answers.</summary>
    NoAnswer,

    /// <summary>Answers 503 with a Retry-After header.</summary>
    Busy,
}
