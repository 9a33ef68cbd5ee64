namespace Duplex.Protocol;

/// <summary>
/// Creates an extension's instances, one for each session. Install it in <c>WebSocketsOptions.Extensions</c>.
/// </summary>
/// <remarks>Its members must be thread-safe and return the same values each time.</remarks>
public abstract class WebSocketExtensionFactory
{
    /// <summary>
    /// The extension's name, a token; for a negotiated extension the header's (RFC 6455 §9.1), such as
    /// <c>permessage-deflate</c>.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>
    /// The reserved bits that the extension owns; none by default. No two extensions of a session may own the same.
    /// </summary>
    public virtual ReservedBits ReservedBits => ReservedBits.None;

    /// <summary>
    /// Whether the owned bits are also legal on continuation frames; by default they are a violation there.
    /// </summary>
    public virtual bool MarksContinuations => false;

    /// <summary>Creates a new instance for one handshake and its session, never the same twice.</summary>
    public abstract WebSocketExtension Create();

    internal WebSocketExtension CreateIdentified()
    {
        WebSocketExtension extension = Create() ?? throw new InvalidOperationException(
            $"The factory of the extension {Name} made nothing. Let its Create return a new instance.");
        return extension.TryIdentify(Name, ReservedBits, MarksContinuations)
            ? extension
            : throw new InvalidOperationException(
                $"The factory of the extension {Name} made the same instance twice; each session needs one of its own. "
                + "Let its Create return a new one.");
    }
}

/// <summary>
/// Creates the instances of an extension with options, which <c>WebSocketsOptions.Extensions.Install</c> sets.
/// </summary>
/// <typeparam name="TOptions">The options: configured once, at installation, then shared by all instances.</typeparam>
/// <typeparam name="TExtension">The extension.</typeparam>
public abstract class WebSocketExtensionFactory<TOptions, TExtension> : WebSocketExtensionFactory
    where TOptions : class, new()
    where TExtension : WebSocketExtension
{
    /// <summary>Creates an instance with default options.</summary>
    public sealed override WebSocketExtension Create() => Create(new TOptions());

    /// <summary>Creates a new instance for one handshake and its session, never the same twice.</summary>
    /// <param name="options">The options, which must no longer change.</param>
    public abstract TExtension Create(TOptions options);

    /// <summary>Validates the options when the extension is installed. Override it to check more than null.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public virtual void Validate(TOptions options) => ArgumentNullException.ThrowIfNull(options);

    internal virtual WebSocketExtensionFactory With(TOptions options) => new Configured(this, options);

    private sealed class Configured(WebSocketExtensionFactory<TOptions, TExtension> factory, TOptions options)
        : WebSocketExtensionFactory
    {
        public override string Name => factory.Name;

        public override ReservedBits ReservedBits => factory.ReservedBits;

        public override bool MarksContinuations => factory.MarksContinuations;

        public override WebSocketExtension Create() => factory.Create(options);
    }
}
