namespace Duplex.Tests;

/// <summary>Every case in which the peer closes or breaks a rule, right after messages that a waiting consumer answers at once: the answers go out first.</summary>
public sealed class AnsweredMessagesTests
{
    public static TheoryData<int, string, WebSocketRole, Transport> Endings => new(
        from book in (RuleBook[])[Rfc6455.Book, Rfc7692.Book]
        from numbered in book.Numbered()
        where numbered.Case is Large ? numbered.Case.Outcome.StartsWith("fails", StringComparison.Ordinal) : numbered.Case is Receiving one && (one.Fails is not null || one.Sent.Any(frame => frame.Opcode == 0x8))
        from run in numbered.Case.Runs()
        where !run.Transport.IsHttp2() // the platform brings what came together in several reads, and the rule is about one
        select (book.Number, numbered.Number, run.Role, run.Transport));

    [Theory, MemberData(nameof(Endings))]
    public async Task What_a_consumer_answers_at_once_goes_out_before_our_close(int rfc, string number, WebSocketRole role, Transport transport)
    {
        RuleBook book = rfc == Rfc6455.Book.Number ? Rfc6455.Book : Rfc7692.Book;
        ConformanceCase one = book.Numbered().Single(numbered => numbered.Number == number).Case;
        Receiving receiving = one is Large large ? large.Make() : (Receiving)one;
        int tries = 3;
        foreach (int chunk in one.Chunks)
        {
            try
            {
                await receiving.RunAnsweredAsync(role, chunk, transport);
            }
            catch (Exception) when (chunk < ConformanceCase.Chunkings[^1] && --tries > 0)
            {
                // The rule is about one read. What comes in later reads waits for the consumer, too, but no longer than
                // the watch has patience: 10 ms, in which a busy machine may not run the consumer's thread. Not every time.
                await receiving.RunAnsweredAsync(role, chunk, transport);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{number}, {one.What}, as a {role} over {transport}, {chunk} bytes at a time: {e.Message}", e);
            }
        }
    }
}
