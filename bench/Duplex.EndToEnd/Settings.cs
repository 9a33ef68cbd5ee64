namespace Duplex.EndToEnd;

/// <summary>What a comparison runs and what it writes.</summary>
/// <param name="Only">Cells to run, such as flood:128 or sink; all but scale if empty.</param>
/// <param name="Quick">Whether rounds are fewer and shorter.</param>
/// <param name="Json">Whether a line of JSON for each cell replaces the table.</param>
/// <param name="Also">Programs that join scale, each as NAME=PROGRAM.</param>
/// <param name="Chart">The directory for the charts of scale, or null for none.</param>
internal sealed record Settings(string[] Only, bool Quick, bool Json, string[] Also, string? Chart)
{
    public bool Includes(Job job) => Only.Length == 0
        ? !job.IsScale // it takes as long as all others together
        : Only.Contains(job.Mode) || Only.Contains($"{job.Mode}:{job.Size}");
}
