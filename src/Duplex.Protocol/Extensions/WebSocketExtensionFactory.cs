namespace Duplex.Protocol;

/// <summary>Makes the instances of an extension, one for each session. Install it in <c>WebSocketsOptions.Extensions</c>.</summary>
/// <remarks>Its members must be safe to call from any thread, and say the same each time.</remarks>
public abstract class WebSocketExtensionFactory
{
    /// <summary>The name: for an extension that is negotiated, the one of RFC 6455 §9.1, a token such as <c>permessage-deflate</c>; for an interceptor any token.</summary>
    public abstract string Name { get; }

    /// <summary>The reserved bits that the extension gives a meaning to. No two extensions of a session may own the same.</summary>
    public virtual ReservedBits ReservedBits => ReservedBits.None;

    /// <summary>Whether the bits have a meaning on frames that continue a message, too. By default only on a message's first: any other with one of them is a violation.</summary>
    public virtual bool MarksContinuations => false;

    /// <summary>Makes an instance for one handshake and the session that it may lead to. Never the same twice.</summary>
    public abstract WebSocketExtension Create();

    /// <summary>Makes an instance that knows who it is.</summary>
    /// <exception cref="InvalidOperationException">It was made before, or contradicts its factory.</exception>
    internal WebSocketExtension CreateIdentified()
    {
        WebSocketExtension extension = Create() ?? throw new InvalidOperationException($"The factory of the extension {Name} made nothing. Let its Create return a new instance.");
        return extension.TryIdentify(Name, ReservedBits, MarksContinuations)
            ? extension
            : throw new InvalidOperationException($"The factory of the extension {Name} made the same instance twice; each session needs one of its own. Let its Create return a new one.");
    }
}

/// <summary>Makes the instances of an extension that has options, which <c>WebSocketsOptions.Extensions.Install</c> configures.</summary>
/// <typeparam name="TOptions">The options: configured once, when the extension is installed, then shared by all its instances.</typeparam>
/// <typeparam name="TExtension">The extension.</typeparam>
public abstract class WebSocketExtensionFactory<TOptions, TExtension> : WebSocketExtensionFactory
    where TOptions : class, new()
    where TExtension : WebSocketExtension
{
    /// <summary>Makes an instance with options of their defaults.</summary>
    public sealed override WebSocketExtension Create() => Create(new TOptions());

    /// <summary>Makes an instance for one handshake and the session that it may lead to. Never the same twice.</summary>
    /// <param name="options">The options, not to be changed any more.</param>
    public abstract TExtension Create(TOptions options);

    /// <summary>Judges options when they are installed. By default all are well.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">They contradict each other.</exception>
    public virtual void Validate(TOptions options) => ArgumentNullException.ThrowIfNull(options);

    /// <summary>The same factory with options that are settled.</summary>
    internal virtual WebSocketExtensionFactory With(TOptions options) => new Configured(this, options);

    private sealed class Configured(WebSocketExtensionFactory<TOptions, TExtension> factory, TOptions options) : WebSocketExtensionFactory
    {
        public override string Name => factory.Name;

        public override ReservedBits ReservedBits => factory.ReservedBits;

        public override bool MarksContinuations => factory.MarksContinuations;

        public override WebSocketExtension Create() => factory.Create(options);
    }
}
