namespace Duplex.Tests;

/// <summary>One sentence of an RFC that binds us, and the cases that show that it is kept.</summary>
/// <param name="Paragraph">Where it stands, such as 5.2.</param>
/// <param name="Quote">The sentence.</param>
/// <param name="Cases">The cases.</param>
internal sealed record Rule(string Paragraph, string Quote, params IReadOnlyList<ConformanceCase> Cases)
{
    /// <summary>Why there is no case: who else keeps it, or why it does not concern us.</summary>
    public string? Elsewhere { get; init; }
}

/// <summary>The rules of one RFC. A case's number is its paragraph's, and its place among the cases of that paragraph.</summary>
/// <param name="Number">The RFC's.</param>
/// <param name="Title">The RFC's.</param>
/// <param name="Rules">In the order of its paragraphs.</param>
internal sealed record RuleBook(int Number, string Title, IReadOnlyList<Rule> Rules)
{
    /// <summary>Every case with its number.</summary>
    public IEnumerable<(string Number, Rule Rule, ConformanceCase Case)> Numbered()
    {
        var count = new Dictionary<string, int>();
        foreach (Rule rule in Rules)
        {
            foreach (ConformanceCase one in rule.Cases)
            {
                count[rule.Paragraph] = count.GetValueOrDefault(rule.Paragraph) + 1;
                yield return ($"{rule.Paragraph}-{count[rule.Paragraph]}", rule, one);
            }
        }
    }

    /// <summary>The cases of some paragraphs, each in each of its roles and over each of its transports.</summary>
    public TheoryData<string, WebSocketRole, Transport> Of(params string[] paragraphs) => new(
        Numbered().Where(numbered => paragraphs.Any(paragraph => numbered.Rule.Paragraph == paragraph || numbered.Rule.Paragraph.StartsWith(paragraph + ".", StringComparison.Ordinal)))
            .SelectMany(numbered => numbered.Case.Runs(), (numbered, run) => (numbered.Number, run.Role, run.Transport)));

    /// <summary>Runs a case over a real connection for each chunking: the peer's bytes come so many at a time.</summary>
    public async Task RunAsync(string number, WebSocketRole role, Transport transport)
    {
        ConformanceCase one = Numbered().Single(numbered => numbered.Number == number).Case;
        foreach (int chunk in one.Chunks)
        {
            try
            {
                await one.RunAsync(role, chunk, transport);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{number}, {one.What}, as a {role} over {transport}, {chunk} bytes at a time: {e.Message}", e);
            }
        }
    }
}
