using System.Text;

namespace Duplex.Protocol;

/// <summary>One reason for refusing to open a session: a row of <see cref="HandshakeRefusals"/>. Immutable.</summary>
internal sealed record HandshakeRefusal(
    string Name, HandshakeParty By, HandshakeCheck Check, string Finding, string Cure, string Statuses = "")
{
    public string Template => $"{Finding} {Cure}";

    /// <summary>Replaces the words in braces. No value may hold a secret.</summary>
    public HandshakeFailure Failure(params ReadOnlySpan<(string Word, object Value)> details)
    {
        var message = new StringBuilder(Template);
        foreach ((string word, object value) in details)
            message.Replace($"{{{word}}}", FormattableString.Invariant($"{value}"));
        return new HandshakeFailure(Check, message.ToString());
    }
}
