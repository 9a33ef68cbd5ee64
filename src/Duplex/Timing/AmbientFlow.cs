namespace Duplex;

/// <summary>
/// Keeps a caller's ambient values (<see cref="AsyncLocal{T}"/>) out of what outlives the call: a timer, or a pending
/// read.
/// </summary>
internal static class AmbientFlow
{
    /// <summary>
    /// Suppresses the flow until the result is disposed, on the same thread; null if it is suppressed already.
    /// </summary>
    public static AsyncFlowControl? Suppress() =>
        ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
}
