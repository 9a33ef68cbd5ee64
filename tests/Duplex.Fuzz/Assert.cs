namespace Duplex.Tests;

/// <summary>What the tests' judges say by their framework's Assert is a finding here.</summary>
internal static class Assert
{
    public static void True(bool condition, string message = "Expected true.")
    {
        if (!condition)
            throw new FindingException(message);
    }

    public static void Null(object? value) => True(value is null, $"Expected null, was {value}.");

    public static void Equal<T>(T expected, T actual) => True(EqualityComparer<T>.Default.Equals(expected, actual), $"Expected {expected}, was {actual}.");

    public static void InRange(long actual, long low, long high) => True(actual >= low && actual <= high, $"Expected {low} to {high}, was {actual}.");

    public static void Fail(string message) => throw new FindingException(message);
}
