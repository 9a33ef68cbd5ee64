using System.Collections.ObjectModel;

namespace Duplex;

/// <summary>Subprotocols in order of preference, checked when added.</summary>
internal sealed class SubprotocolNames : Collection<string>
{
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

    private void Judge(string item, int replaced)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (!SubprotocolList.IsValidName(item))
        {
            throw new ArgumentException(
                "The subprotocol's name is not a token (RFC 6455 §4.1): one or more letters, digits and " +
                "!#$%&'*+-.^_`|~ only.",
                nameof(item));
        }

        // RFC 6455 §4.1: the elements "MUST all be unique strings".
        int known = IndexOf(item);
        if (known >= 0 && known != replaced)
        {
            throw new ArgumentException(
                "The list has this subprotocol already; each is offered once (RFC 6455 §4.1).", nameof(item));
        }
    }
}
