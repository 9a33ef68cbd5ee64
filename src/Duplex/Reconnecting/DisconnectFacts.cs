namespace Duplex;

/// <summary>What the rows of <see cref="DisconnectTable"/> ask of a failed attempt or an ended connection.</summary>
internal sealed class DisconnectFacts
{
    private readonly Exception[] _errors;
    private readonly Exception[] _ofCode;
    private readonly WebSocketHandshakeException? _refusal;

    public DisconnectFacts(DisconnectVerdict ended)
    {
        Phase = ended.Phase;
        IsOurClose = ended.Close?.Initiator == CloseInitiator.Local;
        PeersCode = ended.Close is { Initiator: CloseInitiator.Remote, Received: { } received } ? received.Code : null;
        _errors = [.. ErrorChain.All(ended.Error), .. ErrorChain.All(ended.Close?.Error)];

        // Code that uses a connection fails when the peer ends it; that is no mistake of the code.
        bool isLost = ended.Close is not null && !IsOurClose;
        _ofCode = isLost ? [] : [.. ErrorChain.OfCode(ended.Error), .. ErrorChain.OfCode(ended.Close?.Error)];

        // Configure and the hooks may open sessions of their own, whose refusal says nothing about this one.
        if (Phase == DisconnectPhase.Connecting)
            _refusal = _errors.OfType<WebSocketHandshakeException>().FirstOrDefault();
    }

    public DisconnectPhase Phase { get; }

    /// <summary>Whether our side ended the connection.</summary>
    public bool IsOurClose { get; }

    /// <summary>The code of the Close by which the peer ended the connection. An echo of ours is none.</summary>
    public CloseCode? PeersCode { get; }

    /// <summary>The check of the handshake that failed.</summary>
    public HandshakeCheck? Check => _refusal?.Check;

    /// <summary>The status of the server's response, or of the proxy's.</summary>
    public int? Status => (int?)_refusal?.StatusCode;

    /// <summary>
    /// Whether it is unknown why the client gave the handshake up. A handler's timeout looks like a disposal; if the
    /// client is disposed, the next attempt says so.
    /// </summary>
    public bool IsGivenUpAbove => _refusal?.Message == HandshakeRefusals.GivenUpAbove.Failure().Message;

    /// <summary>Whether the errors contain one of this type.</summary>
    public bool Has<T>()
        where T : Exception => _errors.OfType<T>().Any();

    /// <summary>Whether code of the application, the client or this library threw an exception of this type.</summary>
    public bool Threw<T>()
        where T : Exception => _ofCode.OfType<T>().Any();
}
