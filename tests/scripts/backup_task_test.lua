describe("backup_task", function()
  it("writes one task a day, however often it fails", function(t)
    t.rule "backup_task"
    t.event { "backup.failed", error = "no room on the disk" }
    t.clock.advance "1h"
    t.event { "backup.failed", error = "no room on the disk" }
    expect(#t.tasks()).equals(1)
    expect(t.tasks()[1].notes).contains "no room on the disk"
    t.clock.advance "1d"
    t.event { "backup.failed", error = "no room on the disk" }
    expect(#t.tasks()).equals(2)
  end)
end)
