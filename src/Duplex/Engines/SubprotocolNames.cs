using System.Collections.ObjectModel;

namespace Duplex;

/// <summary>Subprotocols in order of preference. Each name is judged when it is added, where the mistake is; at last the list can be made read-only.</summary>
internal sealed class SubprotocolNames : Collection<string>, ICollection<string>
{
    // Set once, by whoever builds a handler with the options that hold this list.
    private volatile bool _isReadOnly;

    // Collection's own answer speaks of the list inside, which always takes more.
    bool ICollection<string>.IsReadOnly => _isReadOnly;

    /// <summary>Takes no more changes. Idempotent.</summary>
    public void MakeReadOnly() => _isReadOnly = true;

    protected override void InsertItem(int index, string item)
    {
        Judge(item, replaced: -1);
        base.InsertItem(index, item);
    }

    protected override void SetItem(int index, string item)
    {
        Judge(item, replaced: index);
        base.SetItem(index, item);
    }

    protected override void RemoveItem(int index)
    {
        ThrowIfReadOnly();
        base.RemoveItem(index);
    }

    protected override void ClearItems()
    {
        ThrowIfReadOnly();
        base.ClearItems();
    }

    private void Judge(string item, int replaced)
    {
        ThrowIfReadOnly();
        ArgumentNullException.ThrowIfNull(item);
        if (!SubprotocolList.IsValidName(item))
            throw new ArgumentException("The subprotocol's name is not a token (RFC 6455 §4.1): one or more letters, digits and !#$%&'*+-.^_`|~ only.", nameof(item));

        // RFC 6455 §4.1: the elements "MUST all be unique strings".
        int known = IndexOf(item);
        if (known >= 0 && known != replaced)
            throw new ArgumentException("The list has this subprotocol already; each is offered once (RFC 6455 §4.1).", nameof(item));
    }

    private void ThrowIfReadOnly()
    {
        if (_isReadOnly)
            throw new InvalidOperationException("The options are read-only since a WebSocketsHandler was made with them. Set them before, or make another handler.");
    }
}
