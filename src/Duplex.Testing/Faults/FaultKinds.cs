namespace Duplex.Testing;

/// <summary>The kinds of faults that <see cref="Faults.Random"/> may choose.</summary>
[Flags]
public enum FaultKinds
{
    /// <summary>No fault.</summary>
    None = 0,

    /// <summary>Reads and writes in small pieces.</summary>
    Split = 1,

    /// <summary>A constant delay.</summary>
    Delay = 2,

    /// <summary>A varying delay.</summary>
    Jitter = 4,

    /// <summary>A limited rate.</summary>
    Throttle = 8,

    /// <summary>A silence of limited length.</summary>
    Stall = 16,

    /// <summary>The end of the connection.</summary>
    Cut = 32,

    /// <summary>A changed bit.</summary>
    Corrupt = 64,

    /// <summary>Pongs that are lost.</summary>
    DropPongs = 128,

    /// <summary>Those that change neither bytes nor the connection: only sizes and times.</summary>
    Lossless = Split | Delay | Jitter | Throttle | Stall,

    /// <summary>All kinds.</summary>
    All = Lossless | Cut | Corrupt | DropPongs,
}
