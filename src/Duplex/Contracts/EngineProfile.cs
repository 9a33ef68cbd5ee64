using System.Collections.ObjectModel;

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

    /// <summary>What to do about a missing capability, where it is not to change the engine.</summary>
    public IReadOnlyDictionary<EngineCapability, string> Cures { get; init; } =
        ReadOnlyDictionary<EngineCapability, string>.Empty;

    public bool Supports(EngineCapability capability) =>
        Enum.IsDefined(capability) && (_capabilities & BitOf(capability)) != 0;

    public void Require(EngineCapability capability, string setting)
    {
        if (Supports(capability))
            return;
        string cure = Cures.GetValueOrDefault(
            capability, "Do without it, or use an engine that has it, such as WebSocketEngines.Http.");
        throw new NotSupportedException(
            $"{setting} needs the capability {capability}, which the engine {Name} lacks. {cure}");
    }

    private static int BitOf(EngineCapability capability) => 1 << (int)capability;
}
