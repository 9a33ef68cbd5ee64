namespace Duplex.Protocol;

/// <summary>
/// A session's active extensions, in the order in which an outgoing message passes them; and who still uses them: they are disposed when the session is done with them and no call is
/// in progress.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ExtensionChain
{
    private readonly WebSocketExtension[] _extensions;

    // How many use the extensions, the owner among them; changed atomically. At 0 they are disposed, and it never rises again.
    private int _users = 1;

    // 0, then 1: set by the owner's first Release.
    private int _isReleased;

    public ExtensionChain(params IEnumerable<WebSocketExtension> extensions)
    {
        _extensions = [.. extensions];
        Extensions = Array.AsReadOnly(_extensions);
        foreach (WebSocketExtension extension in _extensions)
        {
            OwnedBits |= extension.ReservedBits;
            if (extension.MarksContinuations)
                ContinuationBits |= extension.ReservedBits;
        }
    }

    public int Count => _extensions.Length;

    public WebSocketExtension this[int index] => _extensions[index];

    public IReadOnlyList<WebSocketExtension> Extensions { get; }

    /// <summary>The reserved bits that have a meaning.</summary>
    public ReservedBits OwnedBits { get; }

    /// <summary>Those of them that have one on continuation frames, too.</summary>
    public ReservedBits ContinuationBits { get; }

    /// <summary>Keeps the extensions from being disposed until <see cref="Unuse"/>; false if they are already.</summary>
    public bool TryUse()
    {
        int users = Volatile.Read(ref _users);
        while (users > 0)
        {
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return true;
            users = seen;
        }

        return false;
    }

    /// <summary>Ends a use; the last one disposes the extensions.</summary>
    public void Unuse()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Dispose(_extensions);
    }

    /// <summary>The session, or the handshake that did not lead to one, is done with the extensions. Idempotent.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            Unuse();
    }

    /// <summary>Disposes extensions; one that throws keeps neither the others nor the session from their end.</summary>
    public static void Dispose(IEnumerable<WebSocketExtension> extensions)
    {
        foreach (WebSocketExtension extension in extensions)
        {
            try
            {
                extension.Dispose();
            }
            catch (Exception) // of the user's: there is nobody left to tell
            {
            }
        }
    }

    /// <summary>The error for what an extension threw. Its text may hold what no log should, so its type must do.</summary>
    public WebSocketException Fault(int index, Exception error) =>
        new($"The extension {_extensions[index].Name} failed ({error.GetType().Name}): see the inner exception.", error);
}
