namespace Duplex.Tests;

/// <summary>Tests in virtual time run alone: it passes only when no other code of the process is at work.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
