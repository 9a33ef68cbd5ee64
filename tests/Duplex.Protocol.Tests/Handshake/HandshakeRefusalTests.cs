namespace Duplex.Tests;

public class HandshakeRefusalTests
{
    [Fact]
    public void A_failure_has_the_rows_check_and_its_words_filled_in_whatever_the_culture()
    {
        var row = new HandshakeRefusal("Example", HandshakeParty.Server, HandshakeCheck.Accept, "Expected {count}; {came} came.", "Send {count}.");

        Assert.Equal(new HandshakeFailure(HandshakeCheck.Accept, "Expected 1.5; many came. Send 1.5."), row.Failure(("count", 1.5), ("came", "many")));
    }
}
