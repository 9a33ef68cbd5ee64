namespace Duplex.Protocol;

/// <summary>
/// A session's active extensions in outgoing order; disposed after the session's release and the last use.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ExtensionChain
{
    private readonly WebSocketExtension[] _extensions;

    // Users with the owner; changed atomically. At 0 the extensions are disposed; it never rises again.
    private int _users = 1;

    // Set to 1 atomically.
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

    public ReservedBits OwnedBits { get; }

    /// <summary>The owned bits that are legal on continuation frames.</summary>
    public ReservedBits ContinuationBits { get; }

    /// <summary>False if the extensions are already disposed.</summary>
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

    public void Unuse()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Dispose(_extensions);
    }

    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            Unuse();
    }

    public static void Dispose(IEnumerable<WebSocketExtension> extensions)
    {
        foreach (WebSocketExtension extension in extensions)
        {
            try
            {
                extension.Dispose();
            }
            catch (Exception) // no caller is left to report it to
            {
            }
        }
    }

    /// <summary>Names only the exception's type: the text may hold secrets.</summary>
    public WebSocketException Fault(int index, Exception error) =>
        new(
            $"The extension {_extensions[index].Name} failed ({error.GetType().Name}): see the inner exception.",
            error);
}
