using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Empty options that a host validates when it starts, which creates the client's handlers.</summary>
internal sealed class StartCheck
{
    /// <summary>Creates a client's handlers, which fails where the client's first use would.</summary>
    internal sealed class Validation(IHttpMessageHandlerFactory factory) : IValidateOptions<StartCheck>
    {
        /// <inheritdoc/>
        /// <exception cref="OptionsValidationException">The handlers cannot be created.</exception>
        public ValidateOptionsResult Validate(string? name, StartCheck options)
        {
            name ??= Options.DefaultName;
            try
            {
                factory.CreateHandler(name);
                return ValidateOptionsResult.Success;
            }
            catch (Exception e)
            {
                throw new Failure(name, e);
            }
        }
    }

    /// <summary>Why a client's handlers cannot be created. A host collects only exceptions of the base type.</summary>
    private sealed class Failure(string client, Exception cause) : OptionsValidationException(
        client,
        typeof(WebSocketsOptions),
        (cause is OptionsValidationException { Failures: var failures } ? failures : [cause.Message])
            .Select(failure => WithClient(client, failure)))
    {
        /// <summary>As the public type, with the cause: that type takes no inner exception.</summary>
        public override string ToString()
        {
            string inner = cause is OptionsValidationException ? "" : $"{Environment.NewLine} ---> {cause}";
            return $"{typeof(OptionsValidationException)}: {Message}{inner}{Environment.NewLine}{StackTrace}";
        }

        // The messages of HandlerFilter begin with it already.
        private static string WithClient(string client, string failure)
        {
            string prefix = client.Length == 0 ? "ConfigureHttpClientDefaults: " : $"HttpClient '{client}': ";
            return failure.StartsWith(prefix, StringComparison.Ordinal) ? failure : prefix + failure;
        }
    }
}
