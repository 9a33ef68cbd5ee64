using System.Text;

namespace Duplex.Protocol;

/// <summary>One reason for refusing to open a session: a row of <see cref="HandshakeRefusals"/>. Immutable.</summary>
/// <param name="Name">The name of the row.</param>
/// <param name="By">The party that refused.</param>
/// <param name="Check">The check that failed.</param>
/// <param name="Finding">What was received and what was expected. A word in braces is a placeholder.</param>
/// <param name="Cure">What to do, and which option to set.</param>
/// <param name="Statuses">The statuses that the row applies to; empty if the status does not select it.</param>
internal sealed record HandshakeRefusal(
    string Name, HandshakeParty By, HandshakeCheck Check, string Finding, string Cure, string Statuses = "")
{
    /// <summary>The whole message, with its placeholders.</summary>
    public string Template => $"{Finding} {Cure}";

    /// <summary>Creates the failure, with the placeholders replaced.</summary>
    /// <param name="details">The value of each placeholder. None may hold a secret.</param>
    public HandshakeFailure Failure(params ReadOnlySpan<(string Word, object Value)> details)
    {
        var message = new StringBuilder(Template);
        foreach ((string word, object value) in details)
            message.Replace($"{{{word}}}", FormattableString.Invariant($"{value}"));
        return new HandshakeFailure(Check, message.ToString());
    }
}
