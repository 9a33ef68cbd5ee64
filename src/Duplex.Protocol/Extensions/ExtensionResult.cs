namespace Duplex.Protocol;

/// <summary>
/// The outcome of processing a part; a value, because a peer's data must not cause exceptions. The default is
/// <see cref="Untouched"/>.
/// </summary>
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
    /// The message passes unchanged, and the extension does not see its other parts. Legal only for a message's first
    /// part, with nothing written.
    /// </summary>
    public static ExtensionResult Untouched => default;

    /// <summary>The part is processed; the result is written to the output.</summary>
    /// <param name="reserved">
    /// For outgoing parts, the extension's own bits to set on the frame; on a continuation frame only if
    /// <see cref="WebSocketExtensionFactory.MarksContinuations"/> is true.
    /// </param>
    public static ExtensionResult Done(ReservedBits reserved = ReservedBits.None) => new(true, reserved, null);

    /// <summary>The session must end: the peer receives the code, the application the message.</summary>
    /// <param name="code">
    /// The close code, such as 1007 (<see cref="CloseCode.InvalidFramePayloadData"/>) for unreadable data.
    /// </param>
    /// <param name="message">What was expected and received, in one sentence, without payload.</param>
    /// <exception cref="ArgumentException">The code must not be sent.</exception>
    public static ExtensionResult Failed(CloseCode code, string message) =>
        Failed(ProtocolViolation.Of(code, message));

    internal static ExtensionResult Failed(ProtocolViolation violation)
    {
        ArgumentNullException.ThrowIfNull(violation);
        return new ExtensionResult(true, ReservedBits.None, violation);
    }

    /// <summary>Whether the message passes unchanged.</summary>
    public bool IsUntouched => !_isDone;

    /// <summary>The bits to set on the frame.</summary>
    public ReservedBits Reserved { get; }

    /// <summary>Why the session must end; null if it continues.</summary>
    public ProtocolViolation? Violation { get; }

    /// <inheritdoc/>
    public bool Equals(ExtensionResult other) =>
        _isDone == other._isDone && Reserved == other.Reserved && ReferenceEquals(Violation, other.Violation);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ExtensionResult other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_isDone, Reserved, Violation);

    /// <summary>Whether two results are equal.</summary>
    public static bool operator ==(ExtensionResult left, ExtensionResult right) => left.Equals(right);

    /// <summary>Whether two results differ.</summary>
    public static bool operator !=(ExtensionResult left, ExtensionResult right) => !left.Equals(right);
}
