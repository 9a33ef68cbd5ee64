namespace Duplex.Protocol;

/// <summary>What a <see cref="WebSocketExtension"/> made of a part: a value, because what a peer sends throws no exceptions. Its default is <see cref="Untouched"/>.</summary>
public readonly struct ExtensionResult : IEquatable<ExtensionResult>
{
    private readonly bool _isDone;

    private ExtensionResult(bool isDone, ReservedBits reserved, ProtocolViolation? violation)
    {
        _isDone = isDone;
        Reserved = reserved;
        Violation = violation;
    }

    /// <summary>
    /// The message is none of the extension's business: it passes as it is, at no cost, and its other parts are not shown. Only for a message's first part, with nothing written.
    /// </summary>
    public static ExtensionResult Untouched => default;

    /// <summary>The part is taken in; whatever it led to is written to the output.</summary>
    /// <param name="reserved">Outgoing, the extension's own bits to set on the frame. On a frame that continues a message only if <see cref="WebSocketExtensionFactory.MarksContinuations"/>.</param>
    public static ExtensionResult Done(ReservedBits reserved = ReservedBits.None) => new(true, reserved, null);

    /// <summary>The session cannot go on: the peer is told the code, our user the message.</summary>
    /// <param name="code">What our Close says: 1007 (<see cref="CloseCode.InvalidFramePayloadData"/>) for data that the extension cannot read.</param>
    /// <param name="message">What was expected and what came, in a sentence, without any payload.</param>
    /// <exception cref="ArgumentException">The code must not be sent.</exception>
    public static ExtensionResult Failed(CloseCode code, string message) => Failed(ProtocolViolation.Of(code, message));

    /// <summary>The session cannot go on, such as by <see cref="ProtocolViolation.TooBig"/> for a limit of the extension's own.</summary>
    /// <param name="violation">What the peer is told, and our user.</param>
    internal static ExtensionResult Failed(ProtocolViolation violation)
    {
        ArgumentNullException.ThrowIfNull(violation);
        return new ExtensionResult(true, ReservedBits.None, violation);
    }

    /// <summary>Whether the message passes as it is.</summary>
    public bool IsUntouched => !_isDone;

    /// <summary>The bits to set on the frame.</summary>
    public ReservedBits Reserved { get; }

    /// <summary>Why the session cannot go on; null if it can.</summary>
    public ProtocolViolation? Violation { get; }

    /// <inheritdoc/>
    public bool Equals(ExtensionResult other) => _isDone == other._isDone && Reserved == other.Reserved && ReferenceEquals(Violation, other.Violation);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ExtensionResult other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_isDone, Reserved, Violation);

    /// <summary>Whether both say the same.</summary>
    public static bool operator ==(ExtensionResult left, ExtensionResult right) => left.Equals(right);

    /// <summary>Whether they do not say the same.</summary>
    public static bool operator !=(ExtensionResult left, ExtensionResult right) => !left.Equals(right);
}
