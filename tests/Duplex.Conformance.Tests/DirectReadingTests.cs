namespace Duplex.Tests;

/// <summary>What the peer sends in the cases of both RFCs, to a user who reads by itself and sees views.</summary>
public sealed class DirectReadingTests
{
    public static TheoryData<int, string, WebSocketRole, Transport> Cases => new(
        from book in (RuleBook[])[Rfc6455.Book, Rfc7692.Book]
        from numbered in book.Numbered()
        where numbered.Case is Receiving { Setup.IsRaw: false, Setup.ReceiveMode: ReceiveMode.Messages }
        from run in numbered.Case.Runs()
        where run.Transport != Transport.H2 // TLS changes nothing here
        select (book.Number, numbered.Number, run.Role, run.Transport));

    [Theory, MemberData(nameof(Cases))]
    public async Task What_comes_is_seen_answered_and_refused_as_in_every_mode(int rfc, string number, WebSocketRole role, Transport transport)
    {
        RuleBook book = rfc == Rfc6455.Book.Number ? Rfc6455.Book : Rfc7692.Book;
        var one = (Receiving)book.Numbered().Single(numbered => numbered.Number == number).Case;
        one = one with { Setup = one.Setup with { ReceiveMode = ReceiveMode.Direct } };

        // The ends of what is run with; the suite of messages has the others.
        foreach (int chunk in (int[])[one.Chunks[0], one.Chunks[^1]])
        {
            await one.RunAsync(role, chunk, transport);
            await one.RunAnsweredAsync(role, chunk, transport);
        }
    }
}
