using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// The extensions of all sessions except raw ones, in the order of offers; copied with their
/// <see cref="WebSocketsOptions"/>.
/// </summary>
/// <remarks>
/// A sent message passes the interceptors installed before all negotiated extensions, then the extensions that the
/// server accepted, in its order, then the other interceptors; a received one passes in reverse. So an interceptor
/// installed first sees what the user sees, and one installed last what is on the wire.
/// </remarks>
public sealed class WebSocketExtensionsOptions
{
    private readonly List<WebSocketExtensionFactory> _factories = [];

    internal IReadOnlyList<WebSocketExtensionFactory> Factories => _factories;

    /// <summary>Installs an extension.</summary>
    /// <param name="factory">Creates an instance for each session.</param>
    /// <exception cref="ArgumentException">
    /// Another extension has its name or owns its reserved bit, or the factory's name is not a token.
    /// </exception>
    public void Install(WebSocketExtensionFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        if (!HttpGrammar.IsToken(factory.Name))
        {
            throw new ArgumentException(
                "An extension's name is a token (letters, digits and !#$%&'*+-.^_`|~); that of the factory is not.",
                nameof(factory));
        }

        // RFC 6455 §5.2: a frame has no other reserved bits.
        const ReservedBits All = ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3;
        if ((factory.ReservedBits & ~All) != 0)
        {
            throw new ArgumentException(
                $"The extension {factory.Name} owns bits that a frame does not have. Expected Rsv1, Rsv2 or Rsv3.",
                nameof(factory));
        }

        foreach (WebSocketExtensionFactory other in _factories)
        {
            if (other.Name == factory.Name)
            {
                throw new ArgumentException(
                    $"An extension of the name {factory.Name} is installed already. Install each once; one " +
                    "extension may make several offers.",
                    nameof(factory));
            }

            if ((other.ReservedBits & factory.ReservedBits) is not ReservedBits.None and var both)
            {
                throw new ArgumentException(
                    $"The extensions {other.Name} and {factory.Name} both own {both.InWords()}. Install one of them.",
                    nameof(factory));
            }
        }

        _factories.Add(factory);
    }

    /// <summary>Installs an extension that has options.</summary>
    /// <typeparam name="TOptions">The type of its options.</typeparam>
    /// <typeparam name="TExtension">The extension.</typeparam>
    /// <param name="factory">Creates an instance for each session.</param>
    /// <param name="configure">
    /// Sets the options, immediately. All sessions share the options object: do not change it later.
    /// </param>
    /// <exception cref="ArgumentException">
    /// Another extension has its name or owns its reserved bit, the factory's name is not a token, or the factory
    /// refuses the options.
    /// </exception>
    public void Install<TOptions, TExtension>(
        WebSocketExtensionFactory<TOptions, TExtension> factory, Action<TOptions>? configure = null)
        where TOptions : class, new()
        where TExtension : WebSocketExtension
    {
        ArgumentNullException.ThrowIfNull(factory);
        var options = new TOptions();
        configure?.Invoke(options);
        factory.Validate(options);
        Install(factory.With(options));
    }

    /// <summary>
    /// Installs permessage-deflate (RFC 7692), <see cref="PerMessageDeflate"/>: messages are compressed if the server
    /// accepts.
    /// </summary>
    /// <param name="configure">Sets the options, immediately.</param>
    /// <exception cref="ArgumentException">It is installed already, or another extension owns RSV1.</exception>
    [UnsupportedOSPlatform("browser")]
    public void InstallPerMessageDeflate(Action<PerMessageDeflateOptions>? configure = null) =>
        Install(new PerMessageDeflateFactory(), configure);

    /// <summary>Removes an extension that was installed before, perhaps by defaults.</summary>
    /// <param name="name">Its name, such as <c>permessage-deflate</c>.</param>
    /// <returns>Whether it was installed.</returns>
    public bool Remove(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _factories.RemoveAll(factory => factory.Name == name) > 0;
    }

    internal WebSocketExtensionsOptions Copy()
    {
        var copy = new WebSocketExtensionsOptions();
        copy._factories.AddRange(_factories);
        return copy;
    }
}
