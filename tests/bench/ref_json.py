"""G4 reference: json.loads of one response.  ref_json.py FILE ROUNDS"""
import json, sys, time

with open(sys.argv[1], "rb") as f:
    text = f.read()
rounds = int(sys.argv[2])
began = time.process_time()
for _ in range(rounds):
    page = json.loads(text)
spent = (time.process_time() - began) / rounds
check = f'{len(page["data"])} {sum(x["bpm"] for x in page["data"])} {len(page["activities"])}'
print(json.dumps({"cpu_s": spent, "check": check}))
