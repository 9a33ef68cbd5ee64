namespace Duplex.Tests;

/// <summary>What an assembler makes, as frames with memory of their own.</summary>
internal static class AssemblerFrames
{
    public static bool TryAccept(this MessageAssembler assembler, in FramePiece piece, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Frame? frame)
    {
        frame = assembler.TryAccept(piece, out MessageView message) ? assembler.ToFrame(message) : null;
        return frame is not null;
    }
}
