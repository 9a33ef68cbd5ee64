namespace Duplex;

/// <summary>Keeps a caller's ambient values (<see cref="AsyncLocal{T}"/>) out of what outlives the call.</summary>
internal static class AmbientFlow
{
    /// <summary>Until the result is disposed, on the same thread; null if suppressed already.</summary>
    public static AsyncFlowControl? Suppress() =>
        ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
}
