namespace Duplex.Protocol;

/// <summary>
/// The outcome of processing a part with a <see cref="WebSocketExtension"/>. It is a value because data from a peer
/// must not cause exceptions. The default is <see cref="Untouched"/>.
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
    /// The message passes unchanged, at no cost, and the extension does not see its other parts. Legal only for a
    /// message's first part, with nothing written.
    /// </summary>
    public static ExtensionResult Untouched => default;

    /// <summary>The part is processed; the result is written to the output.</summary>
    /// <param name="reserved">
    /// For outgoing parts, the extension's own bits to set on the frame. On a continuation frame they are legal only if
    /// <see cref="WebSocketExtensionFactory.MarksContinuations"/> is true.
    /// </param>
    public static ExtensionResult Done(ReservedBits reserved = ReservedBits.None) => new(true, reserved, null);

    /// <summary>The session must end: the peer receives the code, the application the message.</summary>
    /// <param name="code">
    /// The status code of the Close frame, such as 1007 (<see cref="CloseCode.InvalidFramePayloadData"/>) for data that
    /// the extension cannot read.
    /// </param>
    /// <param name="message">What was expected and what was received, in one sentence, without any payload.</param>
    /// <exception cref="ArgumentException">The code must not be sent.</exception>
    public static ExtensionResult Failed(CloseCode code, string message) =>
        Failed(ProtocolViolation.Of(code, message));

    /// <summary>
    /// The session must end, for example with <see cref="ProtocolViolation.TooBig"/> for a limit of the extension.
    /// </summary>
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
