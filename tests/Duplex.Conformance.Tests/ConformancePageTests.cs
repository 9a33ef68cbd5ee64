namespace Duplex.Tests;

/// <summary>The page that lists the cases, and the cases that it lists.</summary>
public sealed class ConformancePageTests
{
    private static readonly RuleBook[] Books = [Rfc6455.Book, Rfc7692.Book];

    [Fact]
    public void The_page_lists_the_cases_as_they_are() => IsCurrent(Path.Combine("docs", "conformance.md"), ConformancePage.Write(Books));

    [Fact]
    public void The_fuzzer_begins_with_the_cases_as_they_are() =>
        Assert.All(FuzzSeeds.Files, file => IsCurrent(Path.Combine("tests", "Duplex.Fuzz", "Seeds", file.Key), file.Value));

    [Fact]
    public void Every_rule_has_a_case_or_a_reason_why_not() => Assert.All(Books.SelectMany(book => book.Rules), rule => Assert.True(rule.Cases.Count > 0 != rule.Elsewhere is not null, rule.Quote));

    [Fact]
    public void Every_case_is_another_one() => Assert.All(
        Books.SelectMany(book => book.Rules), rule => Assert.Equal(rule.Cases.Count, rule.Cases.Select(one => (one.What, one.Outcome, Roles: string.Join(",", one.Roles))).Distinct().Count()));

    [Fact]
    public void Every_case_is_run_by_a_test()
    {
        IEnumerable<(string, WebSocketRole, Transport)> run = ((TheoryData<string, WebSocketRole, Transport>[])[
            Rfc6455HandshakeTests.Cases, Rfc6455FramingTests.Cases, Rfc6455ControlFrameTests.Cases, Rfc6455TextTests.Cases, Rfc6455LimitTests.Cases,
            Rfc7692NegotiationTests.Cases, Rfc7692MessageTests.Cases]).SelectMany(cases => cases).Select(row => row.Data);

        Assert.Equal(Books.SelectMany(book => book.Numbered()).SelectMany(numbered => numbered.Case.Runs(), (numbered, one) => (numbered.Number, one.Role, one.Transport)).Order(), run.Order());
    }

    private static void IsCurrent(string file, string text)
    {
        string path = Path.Combine(RepositoryRoot.Path, file);
        if (Environment.GetEnvironmentVariable("DUPLEX_WRITE_PAGES") == "1")
            File.WriteAllText(path, text);

        Assert.True(File.Exists(path) && File.ReadAllText(path) == text, $"{file} is not what the cases say. Write it anew with DUPLEX_WRITE_PAGES=1, and look at what has changed.");
    }
}
