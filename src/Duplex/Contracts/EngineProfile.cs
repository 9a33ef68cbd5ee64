namespace Duplex;

/// <summary>An engine's name and capabilities. Immutable.</summary>
internal sealed class EngineProfile
{
    private readonly int _capabilities; // one bit for each

    public EngineProfile(string name, params ReadOnlySpan<EngineCapability> capabilities)
    {
        Name = name;
        foreach (EngineCapability capability in capabilities)
            _capabilities |= BitOf(capability);
    }

    public static EngineProfile Complete { get; } = new("Http", Enum.GetValues<EngineCapability>());

    public string Name { get; }

    /// <summary>False if the layer below masks.</summary>
    public bool Masks { get; init; } = true;

    public bool Supports(EngineCapability capability) =>
        Enum.IsDefined(capability) && (_capabilities & BitOf(capability)) != 0;

    public void Require(EngineCapability capability, string setting)
    {
        if (!Supports(capability))
        {
            throw new NotSupportedException(
                $"{setting} needs the capability {capability}, which the engine {Name} lacks. Do without it, or use " +
                "an engine that has it, such as WebSocketEngines.Http.");
        }
    }

    private static int BitOf(EngineCapability capability) => 1 << (int)capability;
}
