namespace Duplex.Tests;

public class ExceptionMessagesTests
{
    private const string Source = """
        namespace Duplex;

        public sealed class LateException : Exception
        {
            public LateException() : this("It is late.") { }
            public LateException(string message) : base(message) { }
        }

        internal sealed class A
        {
            public static void Throw(int size, string name)
            {
                if (size < 0)
                    throw new ArgumentOutOfRangeException(nameof(size), size, $"The size is {size}. " + "Expected 1 | 2.");
                if (size > 9)
                    throw Made(name);
                throw new InvalidOperationException(name);
            }

            private readonly List<string> _failures = [];

            public void Check(string key, ICollection<string> failures)
            {
                _failures.Add($"{key} is bad.");
                failures.Add($"{key} is worse.");
            }

            private static InvalidOperationException Made(string name) => new("Nothing is made of " + name + ".");
        }
        """;

    [Fact]
    public void Every_message_is_found_with_its_variable_parts() => Assert.Equal(
        ["It is late.", "The size is …. Expected 1 | 2.", "… is bad.", "… is worse.", "Nothing is made of …."],
        ExceptionMessages.Of(Model(), ["Duplex"]).Select(found => found.Message));

    [Fact]
    public void One_without_an_entry_is_a_violation() => Expect.Exactly(
        ExceptionMessages.Violations(Model(), ["Duplex"], "# Late\n\n### It is late.\n\n| message | |\n|---|---|\n| The size is …. Expected `1 \\| 2`. | Ask for less. |\n| … is bad. | |\n| … is worse. | |\n"),
        "src/Duplex/A.cs:28: Nothing is made of ….");

    private static SourceModel Model() => SourceModel.Of(("src/Duplex/A.cs", Source));
}
