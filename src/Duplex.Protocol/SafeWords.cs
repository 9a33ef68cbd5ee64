using System.ComponentModel;
using System.Security.Authentication;

namespace Duplex.Protocol;

/// <summary>What a log may show of an exception: most messages may contain what no log should.</summary>
internal static class SafeWords
{
    /// <summary>Adds the operating system's words, or those of TLS, to the name of an error.</summary>
    /// <param name="name">The error's name.</param>
    /// <param name="error">The error, which may wrap one of theirs.</param>
    public static string With(string name, Exception error)
    {
        Exception cause = error.GetBaseException();
        return IsOfTheSystem(cause.GetType()) ? $"{name}: {cause.Message.TrimEnd('.')}" : name;
    }

    // Not their derived types: System.Net.WebSockets.WebSocketException, of any implementation, is a Win32Exception.
    private static bool IsOfTheSystem(Type type) =>
        type == typeof(Win32Exception)
        || type == typeof(AuthenticationException)
        || type.FullName == "System.Net.Sockets.SocketException"; // this assembly uses no sockets
}
