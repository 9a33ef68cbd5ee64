namespace Duplex.Protocol;

/// <summary>
/// A session's active extensions, in the order in which an outgoing message passes them. They are disposed once the
/// session has released them and no call is in progress.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ExtensionChain
{
    private readonly WebSocketExtension[] _extensions;

    // Users, the owner included; changed atomically. At 0 the extensions are disposed; it never rises again.
    private int _users = 1;

    // Set to 1 by the owner's first Release, atomically.
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

    /// <summary>The reserved bits that the extensions own.</summary>
    public ReservedBits OwnedBits { get; }

    /// <summary>The owned bits that are also allowed on continuation frames.</summary>
    public ReservedBits ContinuationBits { get; }

    /// <summary>
    /// Prevents disposal until <see cref="Unuse"/>; returns false if the extensions are already disposed.
    /// </summary>
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

    /// <summary>Releases the owner's use, at the end of the session or of a failed handshake. Idempotent.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            Unuse();
    }

    /// <summary>Disposes extensions, ignoring exceptions, so that each of them is disposed.</summary>
    public static void Dispose(IEnumerable<WebSocketExtension> extensions)
    {
        foreach (WebSocketExtension extension in extensions)
        {
            try
            {
                extension.Dispose();
            }
            catch (Exception) // user code; no caller is left to report it to
            {
            }
        }
    }

    /// <summary>
    /// The error for an exception of an extension. It names only the exception's type: the text may hold secrets.
    /// </summary>
    public WebSocketException Fault(int index, Exception error) =>
        new(
            $"The extension {_extensions[index].Name} failed ({error.GetType().Name}): see the inner exception.",
            error);
}
