using System.Text;

namespace Duplex.Protocol;

/// <summary>One way in which the opening of a session is refused: a row of <see cref="HandshakeRefusals"/>. Immutable.</summary>
/// <param name="Name">The name of the row.</param>
/// <param name="By">Who refused.</param>
/// <param name="Check">Which check failed.</param>
/// <param name="Finding">What came and what was expected. A word in braces stands for what only the moment knows.</param>
/// <param name="Cure">What to do, and which option to set.</param>
/// <param name="Statuses">For which statuses the row is; empty if that is not what tells it from others.</param>
internal sealed record HandshakeRefusal(string Name, HandshakeParty By, HandshakeCheck Check, string Finding, string Cure, string Statuses = "")
{
    /// <summary>The whole message, with its words in braces.</summary>
    public string Template => $"{Finding} {Cure}";

    /// <summary>The refusal as it happened.</summary>
    /// <param name="details">What each word in braces stands for. None may hold a secret.</param>
    public HandshakeFailure Failure(params ReadOnlySpan<(string Word, object Value)> details)
    {
        var message = new StringBuilder(Template);
        foreach ((string word, object value) in details)
            message.Replace($"{{{word}}}", FormattableString.Invariant($"{value}"));
        return new HandshakeFailure(Check, message.ToString());
    }
}
