using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>The page that sets Ktor beside Duplex, the rows that it is written from, and the tests that prove them.</summary>
public sealed class ParityPageTests
{
    private const string Head = """
        # Duplex beside Ktor

        Each part of the API of Ktor's client WebSockets and each of its own tests, with what Duplex has in its place and
        the tests that prove it, as `Project/Class.Method`: `Protocol` is `tests/Duplex.Protocol.Tests`, and so on;
        `Duplex` is `tests/Duplex.Tests`. The tests in `Conformance/EngineConformance` run on every engine: HTTP/1.1
        against real Kestrel, plain and over TLS, `ClientWebSocket`, ASP.NET's `TestServer`, and any stream. Where Duplex
        deliberately differs, the row links to the [line that says why](differences-from-ktor.md).

        The tests write this page from `tests/Parity/rows.md` and from the attributes of the tests, and fail where it is
        not current. To write it anew:
        `DUPLEX_WRITE_PAGES=1 dotnet run --project tests/Duplex.Architecture.Tests -- -class Duplex.Tests.ParityPageTests`.
        """;

    private static readonly Lazy<ImmutableArray<ParityTable>> Tables = new(() => Parity.Tables(Read(Parity.RowsFile)));

    private static readonly Lazy<ImmutableArray<ParityProof>> Proofs = new(() => Parity.Proofs(Repository.Files("tests").Where(file => file.Stem != nameof(ParityTests))));

    [Fact]
    public void Every_row_has_a_proof_or_a_difference_and_every_key_that_a_test_names_has_a_row()
    {
        Assert.True(Tables.Value.Sum(table => table.Rows.Length) > 200, $"The rows of {Parity.RowsFile} were not found.");
        Expect.None(Parity.Violations(Tables.Value, Proofs.Value, Read("docs/differences-from-ktor.md")));
    }

    [Fact]
    public void Every_difference_can_be_linked_to() => Expect.None(Parity.Unlinkable(Read("docs/differences-from-ktor.md")));

    [Fact]
    public void The_page_lists_the_rows_and_their_tests_as_they_are()
    {
        string path = Path.Combine(Repository.Root, "docs", "ktor-parity.md");
        string page = Parity.Page(Head, Tables.Value, Proofs.Value);
        if (Environment.GetEnvironmentVariable("DUPLEX_WRITE_PAGES") == "1")
            File.WriteAllText(path, page);

        Assert.True(File.Exists(path) && File.ReadAllText(path) == page, "docs/ktor-parity.md is not what the rows and the tests say. Write it anew with DUPLEX_WRITE_PAGES=1, and look at what has changed.");
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));
}
