namespace Duplex;

/// <summary>What the layers above have to know of the engine that made a connection: its name, and what it can do. Immutable.</summary>
internal sealed class EngineProfile
{
    private readonly int _capabilities; // one bit for each

    /// <summary>Describes an engine.</summary>
    /// <param name="name">The name, for messages.</param>
    /// <param name="capabilities">What it can do.</param>
    public EngineProfile(string name, params ReadOnlySpan<EngineCapability> capabilities)
    {
        Name = name;
        foreach (EngineCapability capability in capabilities)
            _capabilities |= BitOf(capability);
    }

    /// <summary>One that can do everything.</summary>
    public static EngineProfile Complete { get; } = new("Http", Enum.GetValues<EngineCapability>());

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>Whether a client's frames are masked by us; false where something below frames what we send anew, and masks it.</summary>
    public bool Masks { get; init; } = true;

    /// <summary>Whether it can do that.</summary>
    public bool Supports(EngineCapability capability) => Enum.IsDefined(capability) && (_capabilities & BitOf(capability)) != 0;

    /// <summary>Refuses what somebody asked for and the engine cannot do.</summary>
    /// <param name="capability">What it takes.</param>
    /// <param name="setting">What was asked for, by the name that a user knows.</param>
    /// <exception cref="NotSupportedException">The engine cannot do it.</exception>
    public void Require(EngineCapability capability, string setting)
    {
        if (!Supports(capability))
        {
            throw new NotSupportedException(
                $"{setting} needs the capability {capability}, which the engine {Name} lacks. Do without it, or use an engine that has it, such as WebSocketEngines.Http.");
        }
    }

    private static int BitOf(EngineCapability capability) => 1 << (int)capability;
}
