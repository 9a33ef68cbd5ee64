using System.Net.Sockets;
using System.Security.Authentication;

namespace Duplex;

/// <summary>An exception with those inside it: inner ones, and all of an <see cref="AggregateException"/>.</summary>
internal static class ErrorChain
{
    /// <summary>The outermost exception of a type; null if there is none.</summary>
    public static T? Find<T>(Exception? error)
        where T : Exception => All(error).OfType<T>().FirstOrDefault();

    /// <summary>The exception and all inside it, outermost first.</summary>
    public static IEnumerable<Exception> All(Exception? error) => Walk(error, static _ => true);

    /// <summary>
    /// Those that code threw, without what a transport's own exceptions contain. A read of a connection that is torn
    /// down throws an <see cref="IOException"/> around an <see cref="ObjectDisposedException"/>, for example.
    /// </summary>
    public static IEnumerable<Exception> OfCode(Exception? error) => Walk(error, static outer => !IsTransports(outer));

    private static bool IsTransports(Exception error) => error
        is IOException or SocketException or HttpRequestException or AuthenticationException or TimeoutException
        or OperationCanceledException;

    private static IEnumerable<Exception> Walk(Exception? error, Func<Exception, bool> opens)
    {
        if (error is null)
            yield break;
        yield return error;
        if (!opens(error))
            yield break;
        IEnumerable<Exception> inside = error is AggregateException several ? several.InnerExceptions
            : error.InnerException is { } inner ? [inner]
            : [];
        foreach (Exception found in inside.SelectMany(one => Walk(one, opens)))
            yield return found;
    }
}
